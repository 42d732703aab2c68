using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Fettle.Caching;
using Fettle.Caching.Redis;
using Fettle.Redis;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Micro;

/// <summary>A hit in the second tier against a bare GET of the same bytes through the same client library, in turn in one process.</summary>
internal sealed class RedisTierBench : IBenchmark
{
    const int ValueBytes = 512;
    const int Keys = 2000;
    const int WarmUpRounds = 12;
    const int Rounds = 15;

    public string Name => "redis-tier";

    public string Summary => "second-tier hit against a bare GET: time and allocation, one caller and sixteen";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        var options = new RedisOptions { Port = server.Port, Timings = new() { Command = TimeSpan.FromSeconds(10) } };
        await using var bare = await RedisConnection.ConnectAsync(options);
        await using var tier = new RedisSecondTier(new() { Redis = options, StalenessBound = TimeSpan.FromSeconds(20) });
        var cacheTier = new RedisSecondTier(new() { Redis = options, StalenessBound = TimeSpan.FromSeconds(20) });
        tier.Subscribe(new Silent());
        await using var cache = new FettleCache(new() { SecondTierBudget = TimeSpan.FromSeconds(10) }, cacheTier);
        var values = cache.Category(new CategoryOptions("c") { MemoryTimeToLive = TimeSpan.FromMilliseconds(1), MaxEntries = 1 }, CacheSerializer.Bytes);
        await Eventually.IsTrueAsync(() => tier.State == SecondTierState.Available && cacheTier.State == SecondTierState.Available && cache.IsSecondTierUsable, "usable");
        var names = Enumerable.Range(0, Keys).Select(i => $"key {i}").ToArray();
        var value = new byte[ValueBytes];
        foreach (var name in names)
        {
            await bare.SetAsync(name, value);
            await values.SetAsync(name, value);
        }

        (string Name, Func<string, ValueTask<int>> Body)[] bodies =
        [
            ("bare GET through Fettle.Redis", name => BareAsync(bare, name)),
            ("hit in the tier (ISecondTier.GetAsync)", name => TierAsync(tier, name)),
            ("hit through the cache (GetOrCreateAsync)", name => CacheAsync(values, name)),
        ];

        // Until the compiler has optimised what is measured: a hit through the cache is much more code than a GET.
        for (var pause = 0; pause < 3; pause++)
        {
            for (var round = 0; round < WarmUpRounds; round++)
            {
                foreach (var (_, body) in bodies)
                {
                    await RoundAsync(names, 16, body);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        }

        foreach (var callers in new[] { 1, 16 })
        {
            var table = new ResultTable(
                $"Second-tier hit of {ValueBytes} B over loopback, {callers} caller(s), medians of {Rounds} interleaved rounds",
                ["what", "µs a hit", "of a bare GET", "B besides the value"],
                [],
                "Time is wall time of a round divided by its hits; allocation is the whole process's.");
            var times = bodies.Select(_ => new List<double>()).ToArray();
            var bytes = bodies.Select(_ => new List<double>()).ToArray();
            for (var round = 0; round < Rounds; round++)
            {
                for (var b = 0; b < bodies.Length; b++)
                {
                    var (microseconds, allocated) = await RoundAsync(names, callers, bodies[b].Body);
                    times[b].Add(microseconds);
                    bytes[b].Add(allocated - (ValueBytes + 24));
                }
            }

            for (var b = 0; b < bodies.Length; b++)
            {
                table.Rows.Add(
                [
                    bodies[b].Name,
                    Text(Median(times[b]), "0.0"),
                    Text(Median(times[b]) / Median(times[0]), "0.00"),
                    Text(Median(bytes[b]), "0"),
                ]);
            }

            result.Tables.Add(table);
        }
    }

    /// <summary>Reads every key once; microseconds and bytes a key.</summary>
    static async Task<(double Microseconds, double Bytes)> RoundAsync(string[] names, int callers, Func<string, ValueTask<int>> body)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(c => Task.Run(async () =>
        {
            for (var i = c; i < names.Length; i += callers)
            {
                await body(names[i]);
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        return (elapsed / names.Length, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)names.Length);
    }

    // Pooled, so that the benchmark's own state machines are not counted.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    static async ValueTask<int> BareAsync(RedisConnection redis, string name) => (await redis.GetAsync(name))!.Length;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    static async ValueTask<int> TierAsync(RedisSecondTier tier, string name)
    {
        using var hit = await tier.GetAsync(new("c", name), LeaseRequest.None, default);
        return hit.Found ? hit.Bytes.ToArray().Length : throw new InvalidOperationException("a miss");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    static async ValueTask<int> CacheAsync(CacheCategory<byte[]> values, string name) =>
        (await values.GetOrCreateAsync(name, static _ => throw new InvalidOperationException("a load"))).Length;

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    sealed class Silent : SecondTierSink
    {
        public override void Invalidated(in Invalidation invalidation)
        {
        }

        public override void ConnectionLost()
        {
        }

        public override void ConnectionRestored()
        {
        }
    }
}
