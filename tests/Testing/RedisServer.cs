using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fettle.Testing;

/// <summary>
/// A real redis-server of the test's own, run with deploy/redis.conf on a free loopback port in a temporary folder. It can be killed,
/// stopped (SIGSTOP: alive but silent), continued and restarted, with its data or empty, on the same port.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    const int SigStop = 19;
    const int SigCont = 18;
    const int SigKill = 9;
    const int SigTerm = 15;
    readonly string _folder;
    readonly string[] _extra;
    Process? _process;

    RedisServer(int port, string folder, string[] extra)
    {
        Port = port;
        _folder = folder;
        _extra = extra;
    }

    public int Port { get; }

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("redis-server is not running");

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Path of redis-server, or null where it is not installed.</summary>
    public static string? Executable { get; } = Programs.Find("redis-server");

    /// <param name="extra">More settings in pairs, as on the command line: <c>--maxmemory</c>, <c>1mb</c>.</param>
    public static async Task<RedisServer> StartAsync(params string[] extra)
    {
        for (var attempt = 0; ; attempt++)
        {
            var folder = Directory.CreateTempSubdirectory("fettle-redis-").FullName;
            var server = new RedisServer(FreePort(), folder, extra);
            try
            {
                await server.LaunchAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 3)
            {
                // Somebody else took the port between looking and binding.
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Kills it as a crash would: no saving, connections reset.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false } process)
        {
            Signal(SigKill);
            await process.WaitForExitAsync();
        }

        _process?.Dispose();
        _process = null;
    }

    /// <summary>Starts it again on the same port.</summary>
    /// <param name="empty">True forgets all data first.</param>
    public async Task RestartAsync(bool empty)
    {
        await KillAsync();
        if (empty)
        {
            foreach (var entry in Directory.EnumerateDirectories(_folder))
            {
                Directory.Delete(entry, recursive: true);
            }
        }

        await LaunchAsync();
    }

    /// <summary>SIGSTOP: the kernel still accepts connections and bytes, but nothing answers.</summary>
    public void Pause() => Signal(SigStop);

    /// <summary>SIGCONT after <see cref="Pause"/>.</summary>
    public void Resume() => Signal(SigCont);

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            Signal(SigCont);
            Signal(SigTerm);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Signal(SigKill);
                await process.WaitForExitAsync();
            }
        }

        _process?.Dispose();
        _process = null;
        Directory.Delete(_folder, recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    async Task LaunchAsync()
    {
        var start = new ProcessStartInfo(Executable ?? throw new InvalidOperationException("redis-server is not installed"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        string[] arguments = [Programs.RepositoryFile("deploy/redis.conf"), "--port", $"{Port}", "--dir", _folder, "--bind", "127.0.0.1", .. _extra];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        var ready = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var log = new List<string>();
        process.OutputDataReceived += (_, line) =>
        {
            lock (log)
            {
                log.Add(line.Data ?? "");
            }

            if (line.Data is null)
            {
                ready.TrySetResult(false);
            }
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult(true);
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!await ready.Task.WaitAsync(TimeSpan.FromSeconds(30)))
        {
            await process.WaitForExitAsync();
            string tail;
            lock (log)
            {
                tail = string.Join('\n', log.TakeLast(10));
            }

            throw new InvalidOperationException($"redis-server ended: {tail}");
        }

        _process = process;
    }

    void Signal(int signal)
    {
        if (_process is { HasExited: false } process)
        {
            _ = Kill(process.Id, signal);
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    static extern int Kill(int pid, int signal);
}
