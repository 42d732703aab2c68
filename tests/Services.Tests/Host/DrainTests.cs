using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fettle.Services.Tests.Stocks;
using Fettle.Testing;

namespace Fettle.Services.Tests.Host;

/// <summary>The service as a process of its own: what a signal does to requests under way.</summary>
[Trait("Category", "Slow")]
public sealed class DrainTests
{
    const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30"}""";

    /// <summary>Half a body is a request under way for as long as the test wants.</summary>
    [Fact]
    public async Task SignalledService_AnswersWhatItHadBegunAndEndsWithZero()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-drain-").FullName;
        try
        {
            StocksHost.Write(Path.Combine(folder, "s.db"), 10, 80);
            await using var service = await Serving.StartAsync(folder);
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, service.Port);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body[..10]}"));
            await WaitForFlightAsync(service);

            service.Signal("TERM");
            await Eventually.IsTrueAsync(() => !Accepts(service.Port), "it takes no new connection");
            service.HasExited.ShouldBeFalse("a request is under way");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Body[10..]));
            var answer = await ReadToEndAsync(stream);

            answer.ShouldStartWith("HTTP/1.1 200 OK");
            answer.ShouldContain("\"probability\"");
            (await service.ExitCodeAsync()).ShouldBe(0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The service sees the request once its headers are there; the gauge counts it.</summary>
    static async Task WaitForFlightAsync(Serving service)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{service.Port}") };
        await Eventually.IsTrueAsync(
            () => http.GetStringAsync("/metrics").GetAwaiter().GetResult().Split('\n')
                .Any(l => l.StartsWith("http_server_active_requests{", StringComparison.Ordinal) && l.Contains("\"POST\"", StringComparison.Ordinal) && l.EndsWith(" 1", StringComparison.Ordinal)),
            "the request is under way");
    }

    static bool Accepts(int port)
    {
        try
        {
            using var probe = new TcpClient();
            probe.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    sealed class Serving : IAsyncDisposable
    {
        readonly Process _process;

        Serving(Process process, int port) => (_process, Port) = (process, port);

        public int Port { get; }

        public bool HasExited => _process.HasExited;

        public static async Task<Serving> StartAsync(string folder)
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
            foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "Fettle.Services.Host.dll"), "serve", "stocks", "--database", "sqlite:" + Path.Combine(folder, "s.db"), "--urls", "http://127.0.0.1:0" })
            {
                start.ArgumentList.Add(argument);
            }

            var process = Process.Start(start)!;
            _ = process.StandardOutput.ReadToEndAsync();
            var said = new StringBuilder();
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                said.AppendLine(line);
                if (line.StartsWith("listening on ", StringComparison.Ordinal))
                {
                    _ = process.StandardError.ReadToEndAsync();
                    return new Serving(process, new Uri(line["listening on ".Length..]).Port);
                }
            }

            throw new InvalidOperationException($"the service did not start: {said}");
        }

        public void Signal(string name)
        {
            using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
            kill.WaitForExit();
        }

        public async Task<int> ExitCodeAsync()
        {
            await _process.WaitForExitAsync();
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }
    }
}
