using System.Globalization;

namespace Fettle.LoadTesting.Server;

/// <summary>Names what probably limits the run, from evidence, the strongest first; three at most.</summary>
static class BottleneckHints
{
    const int Most = 3;

    public static IReadOnlyList<string> Of(LoadResult overall, IReadOnlyList<ProcessSample> samples, int cores, IReadOnlyList<ServerSeries>? servers = null) =>
        [.. Generator(overall).Concat(Process(overall, samples, cores)).Concat((servers ?? []).SelectMany(Server)).OrderByDescending(h => h.Strength).Take(Most).Select(h => h.Text)];

    static IEnumerable<(double Strength, string Text)> Generator(LoadResult overall)
    {
        if (overall.Generator.Limited)
        {
            yield return (10, $"generator-bound: {overall.Generator.Reason}");
        }

        if (overall.Dropped > 0 || overall.Late > overall.Requests / 20)
        {
            yield return (2 + (double)overall.Dropped / Math.Max(1, overall.Requests), Text(
                $"connection-bound: {overall.Late:N0} of {overall.Requests:N0} requests waited more than 10 ms for a connection and {overall.Dropped:N0} never got one"));
        }
    }

    static IEnumerable<(double Strength, string Text)> Process(LoadResult overall, IReadOnlyList<ProcessSample> samples, int cores)
    {
        var busy = samples.Skip(samples.Count / 10).ToArray();
        if (busy.Length < 3)
        {
            yield break;
        }

        var cpu = busy.Average(s => s.CpuPercent);
        var host = busy.Average(s => s.HostCpuPercent);
        var (median, tail) = (overall.Latency.MillisecondsAt(50), overall.Latency.MillisecondsAt(99));
        if (cpu > 80 * cores)
        {
            yield return (5, Text($"CPU-bound: the target used {cpu:0} % of {cores * 100} %"));
        }
        else if (host > 90)
        {
            yield return (4, Text($"host-bound: the machine's processors were {host:0} % busy, the target's share {cpu:0} % of {cores * 100} %"));
        }
        else if (cpu < 50 * cores && tail > 10 * median)
        {
            yield return (3, Text($"lock- or pool-bound: p99 is {tail / Math.Max(0.001, median):0} times the median while the target used {cpu:0} % of {cores * 100} % ({busy.Average(s => s.VoluntarySwitches):0} voluntary switches/s)"));
        }

        var disk = busy.Average(s => s.DiskWriteKilobytes + s.DiskReadKilobytes);
        if (disk > 50_000)
        {
            yield return (1.5, Text($"disk: the target moved {disk / 1024:0} MB/s"));
        }
    }

    static IEnumerable<(double Strength, string Text)> Server(ServerSeries series)
    {
        double Mean(string figure) => series.Mean(figure);
        if (Mean(MetricsProbe.GcPause) is > 50 and var pause)
        {
            yield return (3 + pause / 200, Text($"GC-bound: the target stood still for collections {pause / 10:0} % of the time"));
        }

        if (Mean(MetricsProbe.Contentions) is > 500 and var contentions)
        {
            yield return (3.2, Text($"lock-bound: {contentions:0} contended locks per second in the target"));
        }

        if (Mean(MetricsProbe.PoolQueue) is > 10 and var queue)
        {
            yield return (3.4, Text($"pool-bound: {queue:0} pieces of work waited for a thread of the pool on average"));
        }

        if (series.Source == "redis" && Mean(RedisProbe.Cpu) is > 80 and var redis)
        {
            yield return (4.5, Text($"redis-bound: its one thread used {redis:0} % of a core"));
        }

        if (series.Source == ServerFigures.Postgres && Mean(ServerFigures.WaitingForLocks) is > 1 and var waiting)
        {
            yield return (4.2, Text($"lock-bound in PostgreSQL: {waiting:0.#} sessions waited for locks on average"));
        }

        if (series.Source == ServerFigures.Postgres && Mean(ServerFigures.BlocksRead) is > 1_000 and var blocks && Mean(ServerFigures.BlocksHit) is var hits && blocks > 0.1 * (blocks + hits))
        {
            yield return (3.6, Text($"disk-bound in PostgreSQL: {blocks:0} blocks/s were not in its memory, {100 * blocks / (blocks + hits):0} % of all"));
        }
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Names that hints look for in the figures of a PostgreSQL probe.</summary>
public static class ServerFigures
{
    /// <summary>The probe's name.</summary>
    public const string Postgres = "postgres";

    /// <summary>Sessions that wait for a lock.</summary>
    public const string WaitingForLocks = "waiting for locks";

    /// <summary>Blocks per second that were not in PostgreSQL's memory.</summary>
    public const string BlocksRead = "blocks read/s";

    /// <summary>Blocks per second that were.</summary>
    public const string BlocksHit = "blocks hit/s";
}
