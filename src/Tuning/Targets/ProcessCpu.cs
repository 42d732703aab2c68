using System.Globalization;

namespace Fettle.Tuning.Targets;

/// <summary>
/// CPU time of a process on Linux: nanoseconds per thread from <c>/proc/PID/task/*/schedstat</c>, because the ticks of
/// <c>/proc/PID/stat</c> (10 ms) are too coarse for a round of half a second; the ticks are the fallback.
/// </summary>
internal sealed class ProcessCpu
{
    readonly Dictionary<string, long> _threads;
    readonly long _ticks;

    ProcessCpu(Dictionary<string, long> threads, long ticks)
    {
        _threads = threads;
        _ticks = ticks;
    }

    /// <summary>The reading now, or null where the system has no <c>/proc</c> or the process is gone.</summary>
    public static ProcessCpu? Read(int pid)
    {
        try
        {
            var threads = new Dictionary<string, long>();
            foreach (var folder in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                if (Nanoseconds(folder) is { } nanoseconds)
                {
                    threads[folder] = nanoseconds;
                }
            }

            return new ProcessCpu(threads, Stat(pid) is { } stat ? stat.UserTicks + stat.SystemTicks : 0);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Milliseconds of CPU between two readings; threads that ended in between lose what they used since the first.</summary>
    public static double Milliseconds(ProcessCpu? from, ProcessCpu? to)
    {
        if (from is null || to is null)
        {
            return double.NaN;
        }

        var sum = 0.0;
        foreach (var (thread, nanoseconds) in to._threads)
        {
            sum += nanoseconds - from._threads.GetValueOrDefault(thread);
        }

        return sum > 0 ? sum / 1e6 : (to._ticks - from._ticks) * 10.0;
    }

    /// <summary>Start of the process in clock ticks since boot, or null when there is no such process.</summary>
    public static long? StartTicks(int pid) => Stat(pid)?.StartTicks;

    /// <summary>Whether a process is another one or descends from it.</summary>
    public static bool IsWithin(int pid, int ancestor)
    {
        for (var steps = 0; pid > 1 && steps < 64; steps++)
        {
            if (pid == ancestor)
            {
                return true;
            }

            pid = (int)(Stat(pid)?.Parent ?? 0);
        }

        return false;
    }

    /// <summary>Share of the machine's memory in use, 0–1; 0 where it cannot be read.</summary>
    public static double MemoryInUse()
    {
        try
        {
            double total = 0, available = 0;
            foreach (var line in File.ReadLines("/proc/meminfo"))
            {
                var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                total = parts[0] == "MemTotal:" ? double.Parse(parts[1], CultureInfo.InvariantCulture) : total;
                available = parts[0] == "MemAvailable:" ? double.Parse(parts[1], CultureInfo.InvariantCulture) : available;
            }

            return total > 0 ? 1 - available / total : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    static long? Nanoseconds(string folder)
    {
        try
        {
            var text = File.ReadAllText(folder + "/schedstat");
            return long.Parse(text.AsSpan(0, text.IndexOf(' ')), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // The thread ended between the listing and the reading, or the kernel keeps no schedstat.
            return null;
        }
    }

    static (long Parent, long UserTicks, long SystemTicks, long StartTicks)? Stat(int pid)
    {
        try
        {
            // The name in parentheses may hold spaces and parentheses: fields are counted from the last one.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[1]), Number(fields[11]), Number(fields[12]), Number(fields[19]));
        }
        catch (IOException)
        {
            return null;
        }
    }

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
