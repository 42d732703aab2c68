using System.Globalization;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Scaling;

/// <summary>The processor clock of a process and its descendants, and signals to all of them. Linux only.</summary>
sealed class ProcessGroupClock
{
    const int LookAgainAfter = 50;

    readonly int _root;
    int[] _members;
    int _reads = LookAgainAfter;

    public ProcessGroupClock(int root) => (_root, _members) = (root, [root]);

    /// <summary>Seconds of processor time of those that are alive. The members are looked up again every fifty reads.</summary>
    public double Seconds()
    {
        if (++_reads > LookAgainAfter)
        {
            (_members, _reads) = ([.. Descendants(_root)], 0);
        }

        return _members.Sum(SecondsOf);
    }

    public void Signal(int signal)
    {
        foreach (var pid in Descendants(_root))
        {
            _ = Libc.Kill(pid, signal);
        }
    }

    /// <summary>The process and everything below it, itself first.</summary>
    public static IEnumerable<int> Descendants(int pid)
    {
        yield return pid;
        foreach (var child in Children(pid).SelectMany(Descendants))
        {
            yield return child;
        }
    }

    public static int[] Children(int pid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // It has ended.
        }
    }

    static unsafe double SecondsOf(int pid)
    {
        // The clock of another process: its complemented id and the scheduler's kind (clock_getcpuclockid of the C library does the same).
        var timespec = stackalloc long[2];
        return Libc.ClockGetTime((~pid << 3) | 2, timespec) == 0 ? timespec[0] + timespec[1] / 1e9 : 0;
    }
}
