using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Fettle.Caching;
using Fettle.Shared.Results;

namespace Fettle.Bench.Micro;

/// <summary>A memory hit with time to live, statistics and eviction records on, against a bare dictionary.</summary>
internal sealed class CachingHitBenchmark : IBenchmark
{
    const int Keys = 1024;
    const int Rounds = 15;
    const int Operations = 2_000_000;

    public string Name => "caching-hit";

    public string Summary => "a memory hit (TryGet, GetOrCreateAsync, tagged) against ConcurrentDictionary; scaling of two threads";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var keys = Enumerable.Range(0, Keys).Select(i => $"user:profile:{i}").ToArray();
        var dictionary = new ConcurrentDictionary<string, object>(StringComparer.Ordinal);
        await using var cache = new FettleCache();
        var plain = cache.Category<object>(new CategoryOptions("plain") { MaxEntries = 4 * Keys });
        var tagged = cache.Category<object>(new CategoryOptions("tagged") { MaxEntries = 4 * Keys });
        foreach (var key in keys)
        {
            dictionary[key] = key;
            await plain.SetAsync(key, key);
            await tagged.SetAsync(key, key, tags: ["all", "users"]);
        }

        await cache.RemoveByTagAsync("other");
        var timings = Interleaved.Measure(
            Rounds,
            ("ConcurrentDictionary", Operations, () => Loop(keys, k => { _ = dictionary.TryGetValue(k, out _); })),
            ("TryGet", Operations, () => Loop(keys, k => { _ = plain.TryGet(k, out _); })),
            ("TryGet, two tags", Operations, () => Loop(keys, k => { _ = tagged.TryGet(k, out _); })),
            ("GetOrCreateAsync", Operations, () => Loop(keys, k => { _ = Completed(plain.GetOrCreateAsync(k, 0, static (_, _, _) => ValueTask.FromResult<object>(""))); })));
        var baseline = timings[0].MedianNs;
        result.Tables.Add(new ResultTable(
            "Memory hit, 1,024 keys, one thread",
            ["body", "ns", "ratio to dictionary", "bytes"],
            [.. timings.Select(t => new[] { t.Name, F(t.MedianNs), F(t.MedianNs / baseline), F(t.BytesPerOperation) })],
            $"medians of {Rounds} interleaved rounds of {Operations:N0}; each body pays the same delegate call"));

        var scaling = new List<string[]>();
        foreach (var (name, body) in new (string, Action<string>)[]
        {
            ("ConcurrentDictionary", k => { _ = dictionary.TryGetValue(k, out _); }),
            ("TryGet", k => { _ = plain.TryGet(k, out _); }),
        })
        {
            var ratios = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                ratios.Add(Throughput(keys, body, 2) / Throughput(keys, body, 1));
            }

            ratios.Sort();
            scaling.Add([name, F(ratios[Rounds / 2]), F(ratios[0]), F(ratios[^1])]);
        }

        result.Tables.Add(new ResultTable("Throughput of two threads to one", ["body", "median", "least", "most"], scaling, "alternating; the machine's own ceiling is the dictionary's row"));
    }

    static void Loop(string[] keys, Action<string> body)
    {
        for (var i = 0; i < Operations; i++)
        {
            body(keys[i & (Keys - 1)]);
        }
    }

    static double Throughput(string[] keys, Action<string> body, int threads)
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

    /// <summary>A hit completes synchronously; a pending task here would mean that the key was evicted.</summary>
    static T Completed<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException("the key is not in memory");

    static string F(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
