using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fettle.Testing;

/// <summary>
/// A real PostgreSQL of the test's own on a free loopback port in a temporary folder, with hypopg and pg_qualstats when they are
/// installed. It refuses to run as root, so root's tests run it as the user <c>postgres</c>.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    const int SigInt = 2;
    const int SigKill = 9;
    readonly string _folder;
    readonly bool _stays;
    Process? _process;

    PostgresServer(int port, string folder, bool stays = false)
    {
        Port = port;
        _folder = folder;
        _stays = stays;
    }

    public int Port { get; }

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("postgres is not running");

    /// <summary>Folder of the server's programs, or null where none is installed.</summary>
    public static string? Programs { get; } = new[] { "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin", "/usr/local/bin", "/usr/bin" }
        .FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));

    /// <summary>What is missing to run one, or null.</summary>
    public static string? Missing => Programs is null ? "a PostgreSQL server (initdb and postgres)"
        : Environment.IsPrivilegedProcess && (global::Fettle.Testing.Programs.Find("setpriv") is null || !HasUser()) ? "setpriv and the user postgres, since PostgreSQL refuses to run as root"
        : null;

    public static bool HasExtension(string name) => Directory.Exists("/usr/share/postgresql") && Directory.EnumerateFiles("/usr/share/postgresql", name + ".control", SearchOption.AllDirectories).Any();

    /// <summary>A connection string for a database of the server.</summary>
    public string ConnectionString(string database = "postgres") => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

    /// <param name="settings">More settings, each as <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        for (var attempt = 0; ; attempt++)
        {
            var server = new PostgresServer(FreePort(), Directory.CreateTempSubdirectory("fettle-pg-").FullName);
            try
            {
                await server.CreateAsync();
                await server.LaunchAsync(settings);
                return server;
            }
            catch (InvalidOperationException) when (attempt < 2)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Starts on a folder that stays: what was written there before is there again.</summary>
    public static async Task<PostgresServer> OpenAsync(string folder, params string[] settings)
    {
        var server = new PostgresServer(FreePort(), Path.GetFullPath(folder), stays: true);
        if (!Directory.Exists(Path.Combine(server._folder, "data")))
        {
            Directory.CreateDirectory(server._folder);
            await server.CreateAsync();
        }

        await server.LaunchAsync(settings);
        return server;
    }

    /// <summary>Ends it as a crash would.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false } process)
        {
            _ = Kill(process.Id, SigKill);
            await process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            _ = Kill(process.Id, SigInt);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        _process?.Dispose();
        if (!_stays)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    async Task CreateAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("/bin/chown", "-R", "postgres:postgres", _folder);
        }

        await RunAsync(As(Path.Combine(Programs!, "initdb"), "-D", Path.Combine(_folder, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"));
    }

    async Task LaunchAsync(string[] settings)
    {
        var libraries = string.Join(',', new[] { "pg_stat_statements", "pg_qualstats" }.Where(HasExtension));
        string[] own = [$"port={Port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=64MB", "max_connections=60", "logging_collector=off", $"shared_preload_libraries={libraries}"];
        var arguments = As([Path.Combine(Programs!, "postgres"), "-D", Path.Combine(_folder, "data"), .. own.Concat(settings).SelectMany(s => new[] { "-c", s })]);
        var start = new ProcessStartInfo(arguments[0]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder };
        foreach (var argument in arguments.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        var log = new System.Text.StringBuilder();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.ErrorDataReceived += (_, line) =>
        {
            log.AppendLine(line.Data);
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException($"postgres ended: {log}"));
            }
            else if (line.Data.Contains("database system is ready", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>setpriv replaces itself, so the process id is the server's.</summary>
    static string[] As(params string[] command) => Environment.IsPrivilegedProcess
        ? [global::Fettle.Testing.Programs.Find("setpriv")!, "--reuid=postgres", "--regid=postgres", "--init-groups", .. command]
        : command;

    static async Task RunAsync(params string[] command)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {errors}");
        }
    }

    static bool HasUser() => File.Exists("/etc/passwd") && File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal));

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Kill(int process, int signal);
}
