using System.Collections.Concurrent;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>Whatever happens to Redis, every operation of the cache succeeds, and it comes back by itself.</summary>
public class OutageTests(TierFixture fixture)
    : IClassFixture<TierFixture>
{
    public enum Outage
    {
        Killed,
        Hung,
        HalfOpen,
        Slow,
        Garbage,
        Refused,
    }

    [RequiresRedisFact]
    public async Task EveryOutage_OperationsSucceed_OneNoticeEach_AndServiceResumes()
    {
        await using var server = await RedisServer.StartAsync();
        foreach (var outage in Enum.GetValues<Outage>())
        {
            await using var proxy = new FaultyProxy(server.Port);
            var notices = new ConcurrentQueue<CacheNotice>();
            var options = new FettleCacheOptions { FirstProbeDelay = TimeSpan.FromMilliseconds(50), MaxProbeDelay = TimeSpan.FromMilliseconds(200), BreakerFailures = 3, Notice = notices.Enqueue };
            await using var node = await new CacheNode(fixture.Options($"outage{outage}", proxy.Port, staleness: 1), new CategoryOptions("c"), options).ReadyAsync();
            await node.Values.SetAsync("warm", 1);
            await Begin(outage, server, proxy);
            for (var i = 0; i < 200; i++)
            {
                var version = i;
                (await node.Values.GetOrCreateAsync($"cold {i}", _ => ValueTask.FromResult((long)version))).ShouldBe(version);
                await node.Values.SetAsync($"set {i}", version);
                (await node.Values.GetOrCreateAsync($"set {i}", _ => ValueTask.FromResult(-1L))).ShouldBe(version, outage.ToString());
                await node.Values.RemoveAsync($"set {i}");
                (await node.Values.GetOrCreateAsync($"set {i}", _ => ValueTask.FromResult(-1L))).ShouldBe(-1, outage.ToString());
            }

            if (outage is Outage.Killed or Outage.Hung or Outage.HalfOpen)
            {
                await Eventually.IsTrueAsync(() => !node.Cache.IsSecondTierUsable, "the breaker is open");
                notices.Count(n => n.IsWarning).ShouldBe(1, $"{outage}: {string.Join(" | ", notices)}");
            }

            await End(outage, server, proxy);
            await Eventually.IsTrueAsync(() => node.Cache.IsSecondTierUsable, $"it resumes after {outage}");
            notices.Last().IsWarning.ShouldBeFalse();

            // What was set and removed while Redis was away must not come back from it.
            await using var cold = await new CacheNode(fixture.Options($"outage{outage}", server.Port), new CategoryOptions("c")).ReadyAsync();
            for (var i = 0; i < 200; i += 20)
            {
                (await cold.Values.GetOrCreateAsync($"set {i}", _ => ValueTask.FromResult(-2L))).ShouldBeLessThan(0, outage.ToString());
            }
        }
    }

    [RequiresRedisFact]
    public async Task InvalidatedWhileAway_IsReplayedBeforeTheFirstRead_AndOverflowClearsTheCategory()
    {
        await using var server = await RedisServer.StartAsync();
        foreach (var count in new[] { 5, 500 })
        {
            await using var proxy = new FaultyProxy(server.Port);
            var options = CacheNode.Patient();
            options.MaxPendingInvalidations = 100;
            var tier = fixture.Options($"replay{count}", proxy.Port);
            await using var node = await new CacheNode(tier, new CategoryOptions("c"), options).ReadyAsync();
            await using var other = await new CacheNode(fixture.Options($"replay{count}", server.Port), new CategoryOptions("c")).ReadyAsync();
            for (var i = 0; i < 500; i++)
            {
                await other.Values.SetAsync($"k{i}", 1);
            }

            proxy.Refuse = true;
            proxy.Cut();
            await Eventually.IsTrueAsync(() => node.Tier.State == SecondTierState.Unavailable, "the node is cut off");
            for (var i = 0; i < count; i++)
            {
                await node.Values.RemoveAsync($"k{i}");
            }

            proxy.Refuse = false;
            await Eventually.IsTrueAsync(() => node.Cache.IsSecondTierUsable, "the node is back");
            for (var i = 0; i < count; i++)
            {
                (await node.Values.GetOrCreateAsync($"k{i}", _ => ValueTask.FromResult(2L))).ShouldBe(2);
                (await other.Values.GetOrCreateAsync($"k{i}", _ => ValueTask.FromResult(2L))).ShouldBe(2);
            }
        }
    }

    [RequiresRedisFact]
    public async Task RestartedWithItsData_NothingFromBeforeIsServed()
    {
        // The append-only file may lack the last second of removals, so a new run of the server is a new epoch.
        await using var server = await RedisServer.StartAsync();
        await using var node = await new CacheNode(fixture.Options("restart", server.Port), new CategoryOptions("c"), CacheNode.Patient()).ReadyAsync();
        await node.Values.SetAsync("k", 1);
        await server.RestartAsync(empty: false);
        await Eventually.IsTrueAsync(() => node.Tier.State == SecondTierState.Unavailable || node.Cache.GetStatisticsAsync().AsTask().Result.SecondTier!.Outages > 0 || node.Tier.Connection!.Losses > 0, "the restart is noticed");
        await Eventually.IsTrueAsync(() => node.Cache.IsSecondTierUsable, "the node is back");
        await using var cold = await new CacheNode(fixture.Options("restart", server.Port), new CategoryOptions("c"), CacheNode.Patient()).ReadyAsync();
        (await cold.Values.GetOrCreateAsync("k", _ => ValueTask.FromResult(2L))).ShouldBe(2);
    }

    static Task Begin(Outage outage, RedisServer server, FaultyProxy proxy)
    {
        switch (outage)
        {
            case Outage.Killed:
                return server.KillAsync();
            case Outage.Hung:
                server.Pause();
                break;
            case Outage.HalfOpen:
                proxy.Swallow = true;
                break;
            case Outage.Slow:
                proxy.Delay = TimeSpan.FromMilliseconds(30);
                break;
            case Outage.Garbage:
                var pieces = 0;
                proxy.RewriteReplies = bytes => ++pieces % 3 == 0 ? [.. "?not a reply\r\n"u8] : bytes;
                break;
            default:
                proxy.Refuse = true;
                proxy.Cut();
                break;
        }

        return Task.CompletedTask;
    }

    static async Task End(Outage outage, RedisServer server, FaultyProxy proxy)
    {
        switch (outage)
        {
            case Outage.Killed:
                await server.RestartAsync(empty: false);
                break;
            case Outage.Hung:
                server.Resume();
                break;
            default:
                proxy.Swallow = false;
                proxy.Delay = TimeSpan.Zero;
                proxy.RewriteReplies = null;
                proxy.Refuse = false;
                proxy.Cut();
                break;
        }
    }
}
