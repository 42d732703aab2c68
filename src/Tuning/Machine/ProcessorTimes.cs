using System.Globalization;

namespace Fettle.Tuning;

/// <summary>Clock ticks of all processors since boot, from the first line of <c>/proc/stat</c>.</summary>
/// <param name="Total">All ticks.</param>
/// <param name="Idle">Idle ticks, waiting for the disk included.</param>
/// <param name="Steal">Ticks in which the host ran something else.</param>
internal readonly record struct ProcessorTimes(long Total, long Idle, long Steal)
{
    public double BusyShare => Total == 0 ? 0 : 1 - (double)Idle / Total - StealShare;

    public double StealShare => Total == 0 ? 0 : (double)Steal / Total;

    /// <summary>Null where the system has no <c>/proc/stat</c>.</summary>
    public static ProcessorTimes? Read()
    {
        try
        {
            return Parse(File.ReadLines("/proc/stat").First());
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads <c>cpu user nice system idle iowait irq softirq steal guest guest_nice</c>; the guest's ticks are in user and nice already.</summary>
    public static ProcessorTimes Parse(string line)
    {
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return new ProcessorTimes(ticks.Sum(), ticks[3] + ticks[4], ticks.Length > 7 ? ticks[7] : 0);
    }

    public ProcessorTimes Since(ProcessorTimes before) => new(Total - before.Total, Idle - before.Idle, Steal - before.Steal);
}
