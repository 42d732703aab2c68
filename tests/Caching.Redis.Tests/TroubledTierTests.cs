using System.Collections.Concurrent;
using Fettle.Redis;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>A Redis that is reached and yet cannot serve, and one that never was there: said in the log, and cured without a restart.</summary>
public class TroubledTierTests(TierFixture fixture) : IClassFixture<TierFixture>
{
    readonly ConcurrentQueue<CacheNotice> _notices = new();

    CacheNode Node(RedisSecondTierOptions options)
    {
        var cache = CacheNode.Patient();
        cache.Notice = _notices.Enqueue;
        return new CacheNode(options, new CategoryOptions("c"), cache);
    }

    async Task<string> TroubleAsync()
    {
        await Eventually.IsTrueAsync(() => _notices.Any(n => n.Message.Contains("cannot be used", StringComparison.Ordinal)), "the trouble is told");
        return _notices.Single(n => n.Message.Contains("cannot be used", StringComparison.Ordinal)).Message;
    }

    [RequiresRedisFact]
    public async Task CommandRefusedToTheUser_IsTold_AndServesOnceGranted()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        await using var admin = await RedisConnection.ConnectAsync(new RedisOptions { Port = server.Port });
        await admin.ExecuteAsync("ACL", "SETUSER", "fettle", "-time");
        await using var node = Node(fixture.Options("refused", server.Port));
        (await TroubleAsync()).ShouldContain("NOPERM");
        (await node.Values.GetOrCreateAsync("k", _ => ValueTask.FromResult(1L))).ShouldBe(1);
        (await Should.ThrowAsync<InvalidOperationException>(async () => await node.Tier.PingAsync(default))).Message.ShouldContain("NOPERM");

        await admin.ExecuteAsync("ACL", "SETUSER", "fettle", "+time");
        await node.ReadyAsync();
        (await TroubleAsync()).ShouldContain("trying again");
    }

    [RequiresRedisFact]
    public async Task RootThatCannotBeRead_IsTold_AndServesOnceRepaired()
    {
        await using var whole = await fixture.NodeAsync("root");
        await using var redis = await fixture.ConnectAsync();
        await redis.ExecuteAsync("HSET", "fettle:root:root", "p:c", "x");
        await using var node = Node(fixture.Options("root"));
        (await TroubleAsync()).ShouldContain("trying again");
        node.Tier.State.ShouldBe(SecondTierState.Unavailable);

        await redis.ExecuteAsync("HDEL", "fettle:root:root", "p:c");
        await node.ReadyAsync();
    }

    [RequiresRedisFact]
    public async Task AnswerThatNoRedisGives_IsTold_AndServesOnceItIsRight()
    {
        // The server's clock as an empty array: an exception that nothing expects.
        await using var proxy = new FaultyProxy(fixture.Server.Port)
        {
            RewriteReplies = bytes => bytes.AsSpan().StartsWith("*2\r\n$10\r\n"u8) ? [.. "*0\r\n"u8] : bytes,
        };
        await using var node = Node(fixture.Options("answer", proxy.Port));
        (await TroubleAsync()).ShouldContain("IndexOutOfRangeException");
        node.Tier.State.ShouldBe(SecondTierState.Unavailable);

        proxy.RewriteReplies = null;
        await node.ReadyAsync();
    }

    [RequiresRedisFact]
    public async Task RedisThatNeverWasThere_IsToldOnce_ThoughNobodyAsks_AndIsUsedWhenItComes()
    {
        await using var proxy = new FaultyProxy(fixture.Server.Port) { Refuse = true };
        await using var node = Node(fixture.Options("never", proxy.Port));
        await Eventually.IsTrueAsync(() => !_notices.IsEmpty, "the outage is told");
        var losses = node.Tier.Connection!.ConnectFailures;
        await Eventually.IsTrueAsync(() => node.Tier.Connection!.ConnectFailures > losses + 2, "it goes on trying");
        _notices.ShouldHaveSingleItem().Message.ShouldBe("Redis unavailable, using in-memory cache only (not connected)");

        proxy.Refuse = false;
        await Eventually.IsTrueAsync(() => _notices.Count == 2, "it is used");
        _notices.Last().Message.ShouldBe("Redis available again");
    }
}
