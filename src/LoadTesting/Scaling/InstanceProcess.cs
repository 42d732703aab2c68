using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Scaling;

/// <summary>One instance of the service: a process on a port of its own whose output goes into a file.</summary>
sealed class InstanceProcess : IAsyncDisposable
{
    readonly Process _process;
    readonly string _log;

    InstanceProcess(string name, int port, Process process, string log)
    {
        (Name, Port, _process, _log, ProcessId) = (name, port, process, log, process.Id);
        Clock = new ProcessGroupClock(ProcessId);
    }

    public string Name { get; }

    public int Port { get; }

    public int ProcessId { get; }

    public ProcessGroupClock Clock { get; }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Probes that failed in a row.</summary>
    public int FailedProbes { get; set; }

    /// <summary>When it is next probed, in seconds of the run.</summary>
    public double NextProbe { get; set; }

    /// <summary>Processor seconds at the last sample.</summary>
    public double SampledCpu { get; set; }

    public static InstanceProcess Start(string name, string command, string folder)
    {
        var port = FreePort();
        var log = Path.Combine(folder, name + ".log");
        // The shell gives its process to the command, so that the process id is the service's and signals reach it.
        var line = $"exec {command.Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)} >'{log}' 2>&1";
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { RedirectStandardInput = true })!;
        return new InstanceProcess(name, port, process, log);
    }

    /// <summary>Waits until it answers its probe.</summary>
    /// <exception cref="IOException">It ended, or was not ready in time; with the end of its output.</exception>
    public async Task ReadyAsync(HttpClient client, ScaleOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (!await ProbeAsync(client, options.ProbePath, cancellation))
        {
            if (HasExited)
            {
                throw new IOException($"{Name} ended with code {ExitCode} before it was ready: {LogTail()}");
            }

            if (time.GetElapsedTime(start) > options.StartTimeout)
            {
                throw new IOException($"{Name} did not answer {options.ProbePath} on port {Port} within {options.StartTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s: {LogTail()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation);
        }
    }

    public async Task<bool> ProbeAsync(HttpClient client, string path, CancellationToken cancellation)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}{path}"), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false; // The client's own timeout.
        }
    }

    /// <summary>Asks it to end (SIGTERM), and makes it (SIGKILL) when it has not after the given time.</summary>
    public async Task<bool> StopAsync(TimeSpan patience)
    {
        if (!HasExited)
        {
            Clock.Signal(Libc.SigCont); // A stopped process would not see the request.
            _ = Libc.Kill(ProcessId, Libc.SigTerm);
        }

        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            Kill();
            await _process.WaitForExitAsync();
            return false;
        }
    }

    public void Kill() => Clock.Signal(Libc.SigKill);

    public string LogTail()
    {
        var text = File.Exists(_log) ? File.ReadAllText(_log).Trim() : "";
        return text.Length == 0 ? "it wrote nothing" : text[^Math.Min(500, text.Length)..].ReplaceLineEndings(" | ");
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            await StopAsync(TimeSpan.FromSeconds(10));
        }

        _process.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
