using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>How a check came out.</summary>
public enum CheckState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Measurements will be noisier, or a part does not work; the loop runs.</summary>
    Warning,

    /// <summary>The loop cannot run, or its figures would mean nothing.</summary>
    Failed,
}

/// <summary>One check.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="State">How it came out.</param>
/// <param name="Found">What was found, with its unit.</param>
/// <param name="Fix">What to do; empty when nothing.</param>
public sealed record MachineCheck(string Name, CheckState State, string Found, string Fix = "");

/// <summary>
/// Whether this machine is fit to measure on: quiet enough, with a steady clock, with memory and disk, with the tools there. Takes about three seconds.
/// </summary>
public static class Doctor
{
    const double MostBusy = 0.15;
    const double MostSteal = 0.02;
    const double MostSpread = 0.10;
    static readonly TimeSpan Watch = TimeSpan.FromSeconds(1.5);

    /// <summary>Looks.</summary>
    /// <param name="state">The state folder: its disk is measured.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <param name="cancellation">Stops.</param>
    public static async Task<IReadOnlyList<MachineCheck>> ExamineAsync(string state, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var clock = time ?? TimeProvider.System;
        var machine = RunEnvironment.Machine();
        var checks = new List<MachineCheck>
        {
            new("runtime", CheckState.Ok, $"{machine.Runtime} on {machine.OperatingSystem}"),
            machine.Cores >= 2
                ? new("processors", CheckState.Ok, $"{machine.Cores} × {machine.Processor}")
                : new("processors", CheckState.Warning, $"1 × {machine.Processor}", "generator and service share one processor: latencies hold both"),
        };
        var before = ProcessorTimes.Read();
        await Task.Delay(Watch, clock, cancellation);
        if (before is { } first && ProcessorTimes.Read() is { } second)
        {
            checks.AddRange(Processor(second.Since(first)));
        }

        checks.Add(Spread(SpinSpread()));
        checks.Add(Clock(ReadLine("/sys/devices/system/clocksource/clocksource0/current_clocksource")));
        if (ReadLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") is { } governor)
        {
            checks.Add(governor == "performance" ? new("frequency", CheckState.Ok, governor) : new("frequency", CheckState.Warning, governor, "cpupower frequency-set -g performance keeps the frequency steady"));
        }

        var memory = ProcessCpu.MemoryInUse();
        checks.Add(memory < 0.8
            ? new("memory", CheckState.Ok, Invariant($"{memory:0 %} of {machine.MemoryGiB:0.#} GiB in use"))
            : new("memory", memory < 0.9 ? CheckState.Warning : CheckState.Failed, Invariant($"{memory:0 %} of {machine.MemoryGiB:0.#} GiB in use"), "a trial stops when it is more than 90 % full: end something"));
        checks.AddRange(Disk(state));
        checks.AddRange(Tools());
        return checks;
    }

    internal static IEnumerable<MachineCheck> Processor(ProcessorTimes spent)
    {
        yield return spent.BusyShare <= MostBusy
            ? new("quiet", CheckState.Ok, Invariant($"processors {spent.BusyShare:0.0 %} busy"))
            : new("quiet", spent.BusyShare <= 0.5 ? CheckState.Warning : CheckState.Failed, Invariant($"processors {spent.BusyShare:0.0 %} busy"), "end what runs beside, or expect inconclusive verdicts");
        yield return spent.StealShare <= MostSteal
            ? new("steal", CheckState.Ok, Invariant($"{spent.StealShare:0.0 %} taken by the host"))
            : new("steal", CheckState.Warning, Invariant($"{spent.StealShare:0.0 %} taken by the host"), "the machine shares its processors with others: measure longer, or elsewhere");
    }

    internal static MachineCheck Spread(double spread) => spread <= MostSpread
        ? new("steadiness", CheckState.Ok, Invariant($"the same work varies by {spread:0.0 %}"))
        : new("steadiness", spread <= 0.5 ? CheckState.Warning : CheckState.Failed, Invariant($"the same work varies by {spread:0.0 %}"), "the noise floor will be about as wide: smaller gains stay undecided");

    internal static MachineCheck Clock(string? source) => source switch
    {
        null => new("clock", CheckState.Ok, Invariant($"{Stopwatch.Frequency:#,0} ticks a second")),
        "tsc" or "kvm-clock" or "arch_sys_counter" or "hyperv_clocksource_tsc_page" => new("clock", CheckState.Ok, source),
        _ => new("clock", CheckState.Warning, source, "reading this clock takes about a microsecond and a system call: use tsc or kvm-clock where the machine offers it"),
    };

    /// <summary>Interquartile range over median of 200 equal pieces of work.</summary>
    static double SpinSpread()
    {
        var times = new double[200];
        var sink = 0UL;
        for (var i = 0; i < times.Length; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            for (var k = 0UL; k < 200_000; k++)
            {
                sink = (sink * 6364136223846793005) + k;
            }

            times[i] = Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
        }

        GC.KeepAlive(sink);
        Array.Sort(times);
        return (times[150] - times[50]) / times[100];
    }

    static IEnumerable<MachineCheck> Disk(string state)
    {
        var folder = Path.GetFullPath(state);
        Directory.CreateDirectory(folder);
        var free = new DriveInfo(folder).AvailableFreeSpace;
        yield return free > 2L << 30
            ? new("disk", CheckState.Ok, Invariant($"{free / 1e9:0.#} GB free at {state}"))
            : new("disk", free > 200L << 20 ? CheckState.Warning : CheckState.Failed, Invariant($"{free / 1e9:0.#} GB free at {state}"), "two copies of the database have to fit");
        var file = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        var times = new List<double>();
        using (var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
            for (var i = 0; i < 20; i++)
            {
                var begin = Stopwatch.GetTimestamp();
                stream.Write(new byte[4096]);
                stream.Flush(flushToDisk: true);
                times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }
        }

        var median = Verification.Quantiles.Median([.. times]);
        yield return new("flush", median < 50 ? CheckState.Ok : CheckState.Warning, Invariant($"{median:0.00} ms to put a page on the disk"), median < 50 ? "" : "the journal waits this long twice for each action");
    }

    static IEnumerable<MachineCheck> Tools()
    {
        yield return new("sqlite", CheckState.Ok, SqliteEngine.Version);
        foreach (var (name, use) in new[] { ("git", "results name the commit they were made from"), ("psql", "looking into PostgreSQL by hand"), ("redis-cli", "looking into Redis by hand") })
        {
            yield return Find(name) is { } path
                ? new(name, CheckState.Ok, path)
                : new(name, CheckState.Warning, "not found", $"needed only for {use}");
        }

        if (OperatingSystem.IsLinux() && ReadLine("/proc/sys/net/ipv4/ip_local_port_range") is { } range)
        {
            var ends = range.Split('\t', ' ').Where(p => p.Length > 0).Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToArray();
            yield return ends[1] - ends[0] >= 10_000
                ? new("ports", CheckState.Ok, $"{ends[1] - ends[0]:#,0} for outgoing connections")
                : new("ports", CheckState.Warning, $"{ends[1] - ends[0]} for outgoing connections", "widen net.ipv4.ip_local_port_range for loads without keep-alive");
        }

        yield return RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64
            ? new("architecture", CheckState.Ok, RuntimeInformation.ProcessArchitecture.ToString())
            : new("architecture", CheckState.Warning, RuntimeInformation.ProcessArchitecture.ToString(), "measured on x64 only");
    }

    static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(f => f.Length > 0).Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);

    static string? ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
