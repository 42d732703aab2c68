using System.Globalization;

namespace Fettle.LoadTesting.Server;

/// <summary>Names what probably limits the run, from evidence, the strongest first; three at most.</summary>
static class BottleneckHints
{
    public static IReadOnlyList<string> Of(LoadResult overall, IReadOnlyList<ProcessSample> samples, int cores)
    {
        var hints = new List<(double Strength, string Text)>();
        if (overall.Generator.Limited)
        {
            hints.Add((10, $"generator-bound: {overall.Generator.Reason}"));
        }

        if (overall.Dropped > 0 || overall.Late > overall.Requests / 20)
        {
            hints.Add((2 + (double)overall.Dropped / Math.Max(1, overall.Requests), string.Create(CultureInfo.InvariantCulture,
                $"connection-bound: {overall.Late:N0} of {overall.Requests:N0} requests waited more than 10 ms for a connection and {overall.Dropped:N0} never got one")));
        }

        var busy = samples.Skip(samples.Count / 10).ToArray();
        if (busy.Length >= 3)
        {
            var cpu = busy.Average(s => s.CpuPercent);
            var voluntary = busy.Average(s => s.VoluntarySwitches);
            var host = busy.Average(s => s.HostCpuPercent);
            if (cpu > 80 * cores)
            {
                hints.Add((5, string.Create(CultureInfo.InvariantCulture, $"CPU-bound: the target used {cpu:0} % of {cores * 100} %")));
            }
            else if (host > 90)
            {
                hints.Add((4, string.Create(CultureInfo.InvariantCulture, $"host-bound: the machine's processors were {host:0} % busy, the target's share {cpu:0} % of {cores * 100} %")));
            }
            else if (cpu < 50 * cores && overall.Latency.MillisecondsAt(99) > 10 * overall.Latency.MillisecondsAt(50))
            {
                hints.Add((3, string.Create(CultureInfo.InvariantCulture,
                    $"lock- or pool-bound: p99 is {overall.Latency.MillisecondsAt(99) / Math.Max(0.001, overall.Latency.MillisecondsAt(50)):0} times the median while the target used {cpu:0} % of {cores * 100} % ({voluntary:0} voluntary switches/s)")));
            }

            var disk = busy.Average(s => s.DiskWriteKilobytes + s.DiskReadKilobytes);
            if (disk > 50_000)
            {
                hints.Add((1.5, string.Create(CultureInfo.InvariantCulture, $"disk: the target moved {disk / 1024:0} MB/s")));
            }
        }

        return [.. hints.OrderByDescending(h => h.Strength).Take(3).Select(h => h.Text)];
    }
}
