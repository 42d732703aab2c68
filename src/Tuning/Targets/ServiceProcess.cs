using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fettle.Tuning.Journal;

namespace Fettle.Tuning.Targets;

/// <summary>
/// A service that Fettle started. It ends with <see cref="DisposeAsync"/>: a polite SIGTERM, five seconds later a kill by process id.
/// Its id and start time are in the journal, so that <c>fettle rollback</c> ends it after a crash of the tuner.
/// </summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    const int SigTerm = 15;
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    const int MostPorts = 3;
    static readonly TimeSpan Lag = TimeSpan.FromSeconds(0.3);
    readonly Process _process;
    readonly Queue<string> _lastLines = new();
    readonly TimeProvider _time;

    ServiceProcess(Process process, Uri url, TimeProvider time)
    {
        _process = process;
        Url = url;
        _time = time;
    }

    public Uri Url { get; }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts an instance on a free loopback port and waits until it is ready. A port that somebody else takes meanwhile is replaced by another.</summary>
    /// <exception cref="TuningException">The program is missing, ends, or is not ready in time; with its last lines.</exception>
    public static async Task<ServiceProcess> StartAsync(Launch launch, string name, string database, IReadOnlyDictionary<string, string> environment, TuningJournal? journal, TimeProvider time, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var service = await StartOnceAsync(launch, name, database, environment, journal, time, cancellation);
            if (!await service.IsStrangersAsync(cancellation))
            {
                return service;
            }

            await service.ReadToEndAsync(cancellation);
            var (port, lines) = (service.Url.Port, service.LastLines());
            await service.DisposeAsync();
            if (attempt == MostPorts)
            {
                throw new TuningException($"port {port} is answered by another process: {lines}");
            }
        }
    }

    static async Task<ServiceProcess> StartOnceAsync(Launch launch, string name, string database, IReadOnlyDictionary<string, string> environment, TuningJournal? journal, TimeProvider time, CancellationToken cancellation)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo(launch.Program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = launch.Folder ?? "" };
        foreach (var argument in launch.Arguments)
        {
            start.ArgumentList.Add(launch.Fill(argument, database, url, name));
        }

        foreach (var (variable, value) in launch.Environment.Concat(environment))
        {
            start.Environment[variable] = launch.Fill(value, database, url, name);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new TuningException($"cannot start '{launch.Program}': {e.Message}", e);
        }

        var service = new ServiceProcess(process, url, time);
        try
        {
            journal?.Append(new JournalEntry { Event = JournalEvent.Process, Pid = process.Id, PidStart = ProcessCpu.StartTicks(process.Id), Target = url.ToString() });
            service.Listen();
            await service.WaitReadyAsync(launch, cancellation);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends a process that a crashed tuner left, if the id still names the same process.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool EndOrphan(int pid, long startTicks)
    {
        if (ProcessCpu.StartTicks(pid) != startTicks)
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);
            process.WaitForExit(5000);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Ends it after a moment for those who have just read its address; SIGTERM lets it answer what it has begun.</summary>
    public async Task DrainAsync()
    {
        await Task.Delay(Lag, _time);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
            {
                // A Host that watches its standard input ends by itself when the tuner dies; closing it here starts the same way.
                _process.StandardInput.Close();
                if (OperatingSystem.IsWindows() || Kill(_process.Id, SigTerm) != 0)
                {
                    _process.Kill(entireProcessTree: true);
                }

                using var grace = new CancellationTokenSource(Grace, _time);
                try
                {
                    await _process.WaitForExitAsync(grace.Token);
                }
                catch (OperationCanceledException)
                {
                    _process.Kill(entireProcessTree: true);
                    await _process.WaitForExitAsync(CancellationToken.None);
                }
            }
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the kill.
        }
        finally
        {
            _process.Dispose();
        }
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    async Task WaitReadyAsync(Launch launch, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        var begin = _time.GetTimestamp();
        while (true)
        {
            if (_process.HasExited)
            {
                await ReadToEndAsync(cancellation);
                throw new TuningException($"the service ended with exit code {_process.ExitCode} before it was ready: {LastLines()}");
            }

            try
            {
                using var response = await client.GetAsync(new Uri(launch.ReadyPath, UriKind.Relative), cancellation);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
            }

            if (_time.GetElapsedTime(begin) > launch.ReadyTimeout)
            {
                throw new TuningException($"{Url}{launch.ReadyPath.TrimStart('/')} was not ready within {launch.ReadyTimeout.TotalSeconds:0} s: {LastLines()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellation);
        }
    }

    /// <summary>
    /// Whether another process answers on the port: between its choice and the service's bind it was free for all. The service then ends by itself;
    /// one that lives on has its listener elsewhere (a container), and is right.
    /// </summary>
    async Task<bool> IsStrangersAsync(CancellationToken cancellation)
    {
        var owners = OperatingSystem.IsLinux() ? LoadTesting.Server.ListeningProcess.Find(Url.Port) : [];
        if (owners.Count == 0 || owners.Any(o => ProcessCpu.IsWithin(o, _process.Id)))
        {
            return _process.HasExited;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _process.WaitForExitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Reads both streams for ever: a full pipe would stop the service.</summary>
    void Listen()
    {
        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is null)
            {
                return;
            }

            lock (_lastLines)
            {
                _lastLines.Enqueue(line.Data);
                if (_lastLines.Count > 12)
                {
                    _lastLines.Dequeue();
                }
            }
        }

        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its last words may still be on their way; a child of its own that holds the pipe is not waited for long.</summary>
    async Task ReadToEndAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }
    }

    string LastLines()
    {
        lock (_lastLines)
        {
            return _lastLines.Count == 0 ? "(it wrote nothing)" : string.Join(" | ", _lastLines);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
