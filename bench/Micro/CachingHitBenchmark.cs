using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Fettle.Caching;
using Fettle.Shared.Results;
using Microsoft.Extensions.Caching.Memory;

namespace Fettle.Bench.Micro;

/// <summary>A memory hit with time to live, statistics and eviction records on, against a bare dictionary and the framework's cache.</summary>
internal sealed class CachingHitBenchmark : IBenchmark
{
    const int Keys = 1024;
    const int Rounds = 15;
    const int Operations = 2_000_000;

    public string Name => "caching-hit";

    public string Summary => "a memory hit (TryGet, GetOrCreateAsync, tagged) against ConcurrentDictionary and MemoryCache; scaling of two threads";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var keys = Enumerable.Range(0, Keys).Select(i => $"user:profile:{i}").ToArray();
        var dictionary = new ConcurrentDictionary<string, object>(StringComparer.Ordinal);
        using var memory = new MemoryCache(new MemoryCacheOptions());
        using var counting = new MemoryCache(new MemoryCacheOptions { TrackStatistics = true });
        await using var cache = new FettleCache();
        var plain = cache.Category<object>(new CategoryOptions("plain") { MaxEntries = 4 * Keys });
        var full = cache.Category<object>(new CategoryOptions("full") { MaxEntries = Keys });
        var tagged = cache.Category<object>(new CategoryOptions("tagged") { MaxEntries = 4 * Keys });
        foreach (var key in keys)
        {
            dictionary[key] = key;
            memory.Set(key, (object)key, TimeSpan.FromMinutes(5));
            counting.Set(key, (object)key, TimeSpan.FromMinutes(5));
            await plain.SetAsync(key, key);
            await full.SetAsync(key, key);
            await tagged.SetAsync(key, key, tags: ["all", "users"]);
        }

        await cache.RemoveByTagAsync("other");
        var timings = Interleaved.Measure(
            Rounds,
            ("ConcurrentDictionary", Operations, () => Loop(keys, new Bare(dictionary))),
            ("MemoryCache, TTL", Operations, () => Loop(keys, new Framework(memory))),
            ("MemoryCache, TTL and statistics", Operations, () => Loop(keys, new Framework(counting))),
            ("TryGet", Operations, () => Loop(keys, new Try(plain))),
            ("TryGet, as many entries as the category allows", Operations, () => Loop(keys, new Try(full))),
            ("TryGet, two tags", Operations, () => Loop(keys, new Try(tagged))),
            ("GetOrCreateAsync", Operations, () => Loop(keys, new Create(plain))));
        result.Tables.Add(new ResultTable(
            "Memory hit, 1,024 keys, one thread",
            ["body", "ns", "ratio to dictionary", "ratio to MemoryCache", "bytes"],
            [.. timings.Select(t => new[] { t.Name, F(t.MedianNs), F(t.MedianNs / timings[0].MedianNs), F(t.MedianNs / timings[1].MedianNs), F(t.BytesPerOperation) })],
            $"medians of {Rounds} interleaved rounds of {Operations:N0}; each body is compiled into a loop of its own"));

        var scaling = new List<string[]>
        {
            Scaling("ConcurrentDictionary", keys, new Bare(dictionary)),
            Scaling("MemoryCache, TTL", keys, new Framework(memory)),
            Scaling("TryGet", keys, new Try(plain)),
            Scaling("TryGet, as many entries as the category allows", keys, new Try(full)),
        };
        result.Tables.Add(new ResultTable("Throughput of two threads to one", ["body", "median", "least", "most"], scaling, "alternating; the machine's own ceiling is the dictionary's row"));
    }

    static string[] Scaling<TBody>(string name, string[] keys, TBody body)
        where TBody : struct, IBody
    {
        var ratios = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            ratios.Add(Throughput(keys, body, 2) / Throughput(keys, body, 1));
        }

        ratios.Sort();
        return [name, F(ratios[Rounds / 2]), F(ratios[0]), F(ratios[^1])];
    }

    static void Loop<TBody>(string[] keys, TBody body)
        where TBody : struct, IBody
    {
        for (var i = 0; i < Operations; i++)
        {
            body.Hit(keys[i & (Keys - 1)]);
        }
    }

    static double Throughput<TBody>(string[] keys, TBody body, int threads)
        where TBody : struct, IBody
    {
        using var start = new Barrier(threads + 1);
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            Loop(keys, body);
        })).ToArray();
        foreach (var worker in workers)
        {
            worker.Start();
        }

        start.SignalAndWait();
        var began = Stopwatch.GetTimestamp();
        foreach (var worker in workers)
        {
            worker.Join();
        }

        return threads * Operations / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    static string F(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    static void ThrowMiss() => throw new InvalidOperationException("the key is not in memory");

    /// <summary>One hit; a struct, so that the loop around it is compiled for it.</summary>
    interface IBody
    {
        void Hit(string key);
    }

    readonly struct Bare(ConcurrentDictionary<string, object> dictionary) : IBody
    {
        public void Hit(string key)
        {
            if (!dictionary.TryGetValue(key, out _))
            {
                ThrowMiss();
            }
        }
    }

    readonly struct Framework(MemoryCache cache) : IBody
    {
        public void Hit(string key)
        {
            if (!cache.TryGetValue((object)key, out _))
            {
                ThrowMiss();
            }
        }
    }

    readonly struct Try(CacheCategory<object> category) : IBody
    {
        public void Hit(string key)
        {
            if (!category.TryGet(key, out _))
            {
                ThrowMiss();
            }
        }
    }

    readonly struct Create(CacheCategory<object> category) : IBody
    {
        public void Hit(string key)
        {
            var hit = category.GetOrCreateAsync(key, 0, static (_, _, _) => ValueTask.FromResult<object>(""));
            if (!hit.IsCompletedSuccessfully)
            {
                ThrowMiss();
            }
        }
    }
}
