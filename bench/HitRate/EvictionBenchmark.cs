using System.Globalization;
using Fettle.Caching;
using Fettle.Shared.Results;

namespace Fettle.Bench.HitRate;

/// <summary>The product's cache, whole, against policies as their papers tell them, over traces and sizes.</summary>
internal sealed class EvictionBenchmark : IBenchmark
{
    static readonly double[] Shares = [0.01, 0.05, 0.10, 0.25];

    public string Name => "eviction";

    public string Summary => "hit rates of the memory tier against LRU, S3-FIFO, W-TinyLFU and the optimum, over traces and sizes";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        Run(result, "recorded traces", Traces.Recorded());
        Run(result, "generated traces", Traces.Generated());
        result.Tables.Add(Memory());
        return Task.CompletedTask;
    }

    /// <summary>A full cache, through which three times its entries have gone; keys and values are not counted.</summary>
    static ResultTable Memory()
    {
        const int Entries = 100_000;
        var keys = Enumerable.Range(0, 3 * Entries).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToArray();
        var value = new object();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var dictionary = new System.Collections.Concurrent.ConcurrentDictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < Entries; i++)
        {
            dictionary[keys[i]] = value;
        }

        var bare = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(dictionary);
        dictionary = null;
        before = GC.GetTotalMemory(forceFullCollection: true);
        var cache = new FettleCache(new FettleCacheOptions { Time = new StoppedTime() });
        var category = cache.Category<object>(new CategoryOptions("memory") { MaxEntries = Entries });
        foreach (var key in keys)
        {
            var set = category.SetAsync(key, value);
            if (!set.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("a set in memory waits for nothing");
            }
        }

        var ours = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(category);
        GC.KeepAlive(keys);
        return new ResultTable(
            $"Memory an entry takes beside its key and value, {Entries:N0} entries",
            ["what", "bytes"],
            [["ConcurrentDictionary", F(bare / (double)Entries)], ["Fettle", F(ours / (double)Entries)]],
            "Fettle: entry, map, the three policies and what they remember of keys that left, statistics.");
    }

    static void Run(ResultDocument result, string title, IEnumerable<(string Name, int[] Keys)> traces)
    {
        var rows = new List<string[]>();
        var shortfalls = new List<double>();
        foreach (var (name, keys) in traces)
        {
            var footprint = keys.Distinct().Count();
            foreach (var share in Shares)
            {
                var size = Math.Max(1, (int)(footprint * share));
                var lru = Rate(new LruRival(size), keys);
                var s3 = Rate(new S3FifoRival(size), keys);
                var lfu = Rate(new TinyLfuRival(size), keys);
                var ours = Ours(keys, size, out var leader);
                var best = Math.Max(lru, Math.Max(s3, lfu));
                var shortfall = Math.Max(0, best - ours);
                if (size >= 100)
                {
                    shortfalls.Add(shortfall);
                }

                rows.Add([$"{name}@{size}", F(lru), F(s3), F(lfu), F(ours), F(Optimal.HitRate(keys, size)), F(best - ours) + (size < 100 ? " *" : ""), leader]);
            }
        }

        if (shortfalls.Count > 0)
        {
            result.Tables.Add(new ResultTable(
                $"Hit rate in percent, {title}",
                ["trace@entries", "LRU", "S3-FIFO", "W-TinyLFU", "Fettle", "optimal", "below best", "last leader"],
                rows,
                $"mean shortfall {F(shortfalls.Average())} points, worst {F(shortfalls.Max())} over {shortfalls.Count} cells of at least 100 entries (* smaller, not counted)"));
        }
    }

    static double Rate(IRival rival, int[] keys) => 100.0 * keys.Count(rival.Access) / keys.Length;

    /// <param name="keys">Keys in the order of the accesses.</param>
    /// <param name="size">Entries.</param>
    /// <param name="leader">The policy with most hits of late.</param>
    /// <param name="from">Accesses before this one warm the cache and are not counted.</param>
    internal static double Ours(int[] keys, int size, out string leader, int from = 0)
    {
        var time = new StoppedTime();
        var cache = new FettleCache(new FettleCacheOptions { Time = time });
        var category = cache.Category<object>(new CategoryOptions("trace") { MaxEntries = size, TimeToLive = TimeSpan.FromDays(1) });
        var names = keys.Distinct().ToDictionary(k => k, k => k.ToString(CultureInfo.InvariantCulture));
        var value = new object();
        var warm = 0L;
        for (var i = 0; i < keys.Length; i++)
        {
            if (i == from)
            {
                warm = category.GetStatistics().Hits;
            }

            var key = keys[i];
            if (!category.TryGet(names[key], out _))
            {
                var set = category.SetAsync(names[key], value);
                if (!set.IsCompletedSuccessfully)
                {
                    throw new InvalidOperationException("a set in memory waits for nothing");
                }
            }
        }

        var hits = category.GetStatistics().Hits - warm;
        if (category.CheckIntegrity() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        leader = category.EvictionLeader;
        return 100.0 * hits / (keys.Length - from);
    }

    static string F(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
