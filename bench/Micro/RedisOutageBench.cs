using System.Diagnostics;
using System.Globalization;
using Fettle.Caching;
using Fettle.Caching.Redis;
using Fettle.Redis;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Micro;

/// <summary>What an outage of Redis adds to one operation of the cache, before and after the breaker opens, with default settings.</summary>
internal sealed class RedisOutageBench : IBenchmark
{
    public string Name => "redis-outage";

    public string Summary => "time an operation takes while Redis is killed, hung, half-open or slow; reads and writes";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var table = new ResultTable(
            "One operation of the cache during an outage of Redis, defaults (budget 40 ms, breaker after 3 failures)",
            ["outage", "healthy p50 ms", "longest read ms", "longest write ms", "operations above 1 ms", "breaker open: p50 ms", "p99 ms", "notices", "back after s"],
            [],
            "The factory is immediate; every operation succeeded. The longest ones are those before the breaker opened. Time to come back is from the end of the outage to the first use of Redis.");
        result.Tables.Add(table);
        foreach (var outage in new[] { "killed", "hung (SIGSTOP)", "half-open", "slow (200 ms)", "cut and refused" })
        {
            table.Rows.Add(await MeasureAsync(outage));
        }
    }

    static async Task<string[]> MeasureAsync(string outage)
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new FaultyProxy(server.Port);
        var notices = 0;
        var tier = new RedisSecondTier(new() { Redis = new RedisOptions { Port = proxy.Port } });
        await using var cache = new FettleCache(new() { Notice = n => notices += n.IsWarning ? 1 : 0 }, tier);
        var values = cache.Category(new CategoryOptions("c"), CacheSerializer.Bytes);
        await Eventually.IsTrueAsync(() => tier.State == SecondTierState.Available && cache.IsSecondTierUsable, "usable");
        var value = new byte[512];
        var healthy = await OperationsAsync(values, value, "warm", 500);
        healthy = await OperationsAsync(values, value, "healthy", 200);
        notices = 0;
        switch (outage)
        {
            case "killed":
                await server.KillAsync();
                break;
            case "hung (SIGSTOP)":
                server.Pause();
                break;
            case "half-open":
                proxy.Swallow = true;
                break;
            case "slow (200 ms)":
                proxy.Delay = TimeSpan.FromMilliseconds(200);
                break;
            default:
                proxy.Refuse = true;
                proxy.Cut();
                break;
        }

        var during = await OperationsAsync(values, value, "during", 100);
        var open = await OperationsAsync(values, value, "open", 2000);
        var start = Stopwatch.GetTimestamp();
        if (outage == "killed")
        {
            await server.RestartAsync(empty: false);
        }

        server.Resume();
        proxy.Swallow = proxy.Refuse = false;
        proxy.Delay = TimeSpan.Zero;
        await Eventually.IsTrueAsync(() => cache.IsSecondTierUsable, "back");
        var back = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var all = during.Reads.Concat(during.Writes).Concat(open.Reads).Concat(open.Writes).ToArray();
        var after = open.Reads.Concat(open.Writes).Order().ToArray();
        return
        [
            outage,
            Text(Median(healthy.Reads.Concat(healthy.Writes))),
            Text(during.Reads.Max()),
            Text(during.Writes.Max()),
            all.Count(ms => ms > 1).ToString(CultureInfo.InvariantCulture),
            Text(after[after.Length / 2]),
            Text(after[after.Length * 99 / 100]),
            notices.ToString(CultureInfo.InvariantCulture),
            back.ToString("0.0", CultureInfo.InvariantCulture),
        ];
    }

    static async Task<(List<double> Reads, List<double> Writes)> OperationsAsync(CacheCategory<byte[]> values, byte[] value, string prefix, int count)
    {
        List<double> reads = [], writes = [];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await values.GetOrCreateAsync($"{prefix} read {i}", _ => ValueTask.FromResult(value));
            reads.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            await values.SetAsync($"{prefix} write {i}", value);
            writes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return (reads, writes);
    }

    static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    static string Text(double value) => value.ToString(value < 0.1 ? "0.0000" : "0.00", CultureInfo.InvariantCulture);
}
