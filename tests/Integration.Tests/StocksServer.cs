using System.Collections.Concurrent;
using System.Diagnostics;
using Fettle.Testing;

namespace Fettle.Integration.Tests;

/// <summary><c>serve stocks</c> as a process of its own on a free loopback port, with what it says.</summary>
internal sealed class StocksServer : IAsyncDisposable
{
    public const string Token = "token-of-the-stocks-server-0123";
    static readonly string Host = Path.Combine(AppContext.BaseDirectory, "Fettle.Services.Host.dll");
    readonly Process _process;
    readonly ConcurrentQueue<string> _said = new();

    StocksServer(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IEnumerable<string> Said => _said;

    public string Url { get; private set; } = "";

    /// <summary>Writes a sample database.</summary>
    public static async Task SampleAsync(string file, int stocks, int days)
    {
        using var process = Run("sample", "stocks", "--stocks", $"{stocks}", "--days", $"{days}", "--out", file);
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
    }

    public static async Task<StocksServer> StartAsync(string file, params string[] arguments)
    {
        var server = new StocksServer(Run(["serve", "stocks", "--database", "sqlite:" + file, "--urls", "http://127.0.0.1:0", .. arguments]));
        const string Listening = "listening on ";
        await Eventually.IsTrueAsync(() => server._process.HasExited || server.Said.Any(l => l.StartsWith(Listening, StringComparison.Ordinal)), "the service listens");
        server._process.HasExited.ShouldBeFalse(string.Join('\n', server.Said));
        server.Url = server.Said.First(l => l.StartsWith(Listening, StringComparison.Ordinal))[Listening.Length..];
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    static Process Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Host, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["FETTLE_ADMIN_TOKEN"] = Token;
        start.Environment["FETTLE_EXIT_WITH_STDIN"] = "1";
        return Process.Start(start)!;
    }

    void Hear(string? line)
    {
        if (line is not null)
        {
            _said.Enqueue(line);
        }
    }
}
