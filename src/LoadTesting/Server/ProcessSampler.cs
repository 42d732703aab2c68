using System.Globalization;

namespace Fettle.LoadTesting.Server;

/// <summary>Samples processes (added up) and their machine from /proc once a second; on other systems there are no samples.</summary>
sealed class ProcessSampler : IAsyncDisposable
{
    const double TicksPerSecond = 100;
    const double PageBytes = 4096;
    const double SectorBytes = 512;

    readonly CancellationTokenSource _stop = new();
    readonly List<ProcessSample> _samples = [];
    readonly IReadOnlyList<int> _processes;
    readonly TimeProvider _time;
    readonly Task _sampling;

    public ProcessSampler(IReadOnlyList<int> processes, TimeProvider? time = null, TimeSpan? every = null)
    {
        (_processes, _time) = (processes, time ?? TimeProvider.System);
        _sampling = processes.Count > 0 && Directory.Exists($"/proc/{processes[0]}") ? SampleAsync(every ?? TimeSpan.FromSeconds(1)) : Task.CompletedTask;
    }

    /// <summary>Ends sampling and returns everything.</summary>
    public async Task<IReadOnlyList<ProcessSample>> FinishAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        return _samples;
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _stop.Dispose();
    }

    async Task SampleAsync(TimeSpan every)
    {
        var start = _time.GetTimestamp();
        var before = Raw.Read(_processes);
        var last = start;
        using var timer = new PeriodicTimer(every, _time);
        try
        {
            while (before is not null && await timer.WaitForNextTickAsync(_stop.Token))
            {
                var now = _time.GetTimestamp();
                if (Raw.Read(_processes) is not { } raw)
                {
                    return; // The process has ended.
                }

                var seconds = _time.GetElapsedTime(last, now).TotalSeconds;
                _samples.Add(raw.Since(before, seconds, _time.GetElapsedTime(start, now).TotalSeconds));
                (before, last) = (raw, now);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    sealed record Raw(double CpuTicks, double Resident, int Threads, int Files, double Voluntary, double Forced, double ReadBytes, double Written, double HostBusy, double HostAll, double HostNetwork, double HostDisk, double Network)
    {
        public static Raw? Read(IReadOnlyList<int> processes) =>
            processes.Select(Read).OfType<Raw>().ToArray() is { Length: > 0 } read ? read.Aggregate((a, b) => b with
            {
                CpuTicks = a.CpuTicks + b.CpuTicks,
                Resident = a.Resident + b.Resident,
                Threads = a.Threads + b.Threads,
                Files = a.Files + b.Files,
                Voluntary = a.Voluntary + b.Voluntary,
                Forced = a.Forced + b.Forced,
                ReadBytes = a.ReadBytes + b.ReadBytes,
                Written = a.Written + b.Written,
            }) : null;

        static Raw? Read(int pid)
        {
            try
            {
                var stat = File.ReadAllText($"/proc/{pid}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var status = Named($"/proc/{pid}/status");
                var io = Named($"/proc/{pid}/io");
                var host = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray();
                return new Raw(
                    Number(fields[11]) + Number(fields[12]), Number(fields[21]) * PageBytes, (int)Number(fields[17]), OpenFilesOf(pid),
                    status.GetValueOrDefault("voluntary_ctxt_switches", double.NaN), status.GetValueOrDefault("nonvoluntary_ctxt_switches", double.NaN),
                    io.GetValueOrDefault("read_bytes", double.NaN), io.GetValueOrDefault("write_bytes", double.NaN),
                    host.Sum() - host[3] - host[4], host.Sum(), NetworkBytes("/proc/net/dev"), DiskBytes(), NetworkBytes($"/proc/{pid}/net/dev"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                return null;
            }
        }

        public ProcessSample Since(Raw before, double seconds, double at) => new(
            Math.Round(at, 2),
            Grown(CpuTicks, before.CpuTicks) / TicksPerSecond / seconds * 100,
            Resident / 1048576,
            Threads,
            Files,
            Grown(Voluntary, before.Voluntary) / seconds,
            Grown(Forced, before.Forced) / seconds,
            Grown(ReadBytes, before.ReadBytes) / 1024 / seconds,
            Grown(Written, before.Written) / 1024 / seconds,
            HostAll > before.HostAll ? Grown(HostBusy, before.HostBusy) / Grown(HostAll, before.HostAll) * 100 : double.NaN,
            Grown(HostNetwork, before.HostNetwork) / 1024 / seconds,
            Grown(HostDisk, before.HostDisk) / 1024 / seconds,
            Grown(Network, before.Network) / 1024 / seconds);

        /// <summary>Never below zero: a worker that ended takes its counters with it.</summary>
        static double Grown(double now, double before) => now < before ? 0 : now - before;

        static int OpenFilesOf(int pid)
        {
            try
            {
                return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();
            }
            catch (UnauthorizedAccessException)
            {
                return -1;
            }
        }

        /// <summary>Whole disks only: a partition's bytes are in its disk's too.</summary>
        static double DiskBytes() => !File.Exists("/proc/diskstats") ? double.NaN : File.ReadLines("/proc/diskstats")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && Directory.Exists($"/sys/block/{fields[2]}") && !fields[2].StartsWith("loop", StringComparison.Ordinal) && !fields[2].StartsWith("ram", StringComparison.Ordinal))
            .Sum(fields => SectorBytes * (Number(fields[5]) + Number(fields[9])));

        static double NetworkBytes(string path) => File.ReadLines(path).Skip(2)
            .Select(line => line[(line.IndexOf(':') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Sum(fields => Number(fields[0]) + Number(fields[8]));

        static Dictionary<string, double> Named(string path)
        {
            try
            {
                return File.ReadLines(path).Select(l => l.Split(':', 2)).Where(p => p.Length == 2)
                    .Select(p => (p[0], Value: p[1].Trim().Split(' ')[0])).Where(p => double.TryParse(p.Value, CultureInfo.InvariantCulture, out _))
                    .ToDictionary(p => p.Item1, p => Number(p.Value));
            }
            catch (UnauthorizedAccessException)
            {
                return [];
            }
        }

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }
}
