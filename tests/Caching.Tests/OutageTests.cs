using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class OutageTests
{
    readonly ManualTime _time = new();
    readonly FakeServer _server;

    public OutageTests() => _server = new FakeServer(_time);

    [Fact]
    public async Task HungTier_CostsTheBudgetThenNothing_AndRecoversByItself()
    {
        await using var node = new CacheNode(_time, _server);
        node.Tier.Hangs = true;
        for (var i = 0; i < 3; i++)
        {
            var read = node.Get($"k{i}", "v").AsTask();
            read.IsCompleted.ShouldBeFalse();
            _time.Advance(TimeSpan.FromMilliseconds(40));
            (await read).ShouldBe("v");
        }

        node.Cache.IsSecondTierUsable.ShouldBeFalse();
        var calls = node.Tier.Calls;
        (await node.Get("k9", "v")).ShouldBe("v");
        var set = node.Values.SetAsync("k9", "w");
        set.IsCompletedSuccessfully.ShouldBeTrue();
        node.Tier.Calls.ShouldBe(calls);
        node.Notices.ShouldHaveSingleItem().ShouldContain("Redis unavailable, using in-memory cache only");

        node.Tier.Unhang();
        await Recover(node);
        node.Notices.Count.ShouldBe(2);
    }

    [Fact]
    public async Task HungDuringAWrite_CostsTheBudget_AndTheReplayRemovesTheOldValue()
    {
        await using var node = new CacheNode(_time, _server);
        await using var other = new CacheNode(_time, _server);
        await node.Get("k", "v1");
        node.Tier.Hangs = true;
        var remove = node.Values.RemoveAsync("k").AsTask();
        remove.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(40));
        await remove;
        (await node.Get("k", "v2")).ShouldBe("v2");
        (await node.Cache.GetStatisticsAsync()).SecondTier!.PendingInvalidations.ShouldBe(1);
        node.Tier.Unhang();
        await Recover(node);
        (await other.Get("k", "v3")).ShouldBe("v3");
    }

    [Fact]
    public async Task InvalidationsBeyondTheBound_ClearTheCategory()
    {
        await using var node = new CacheNode(_time, _server, configure: o => o.MaxPendingInvalidations = 5);
        for (var i = 0; i < 10; i++)
        {
            await node.Get($"k{i}", "old");
        }

        node.Tier.LoseConnection();
        for (var i = 0; i < 9; i++)
        {
            await node.Values.RemoveAsync($"k{i}");
        }

        (await node.Cache.GetStatisticsAsync()).SecondTier!.PendingInvalidations.ShouldBe(1);
        node.Tier.RestoreConnection();
        await Recover(node);
        await using var cold = new CacheNode(_time, _server);
        (await cold.Get("k3", "new")).ShouldBe("new");
        (await cold.Get("k9", "also new")).ShouldBe("also new");
    }

    [Fact]
    public async Task LostConnection_MemoryForgetsAndKeepsOnlyForTheStalenessBound()
    {
        await using var node = new CacheNode(_time, _server);
        await using var other = new CacheNode(_time, _server);
        await node.Get("k", "v1");
        node.Tier.LosesAnnouncements = true;
        await other.Values.RemoveAsync("k");
        node.Values.TryGet("k", out _).ShouldBeTrue();
        node.Tier.LoseConnection();
        node.Values.TryGet("k", out _).ShouldBeFalse();
        await node.Get("k", "v2");
        node.Values.TryGet("k", out _).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        node.Values.TryGet("k", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task RestartedEmpty_IsAMiss()
    {
        await using var node = new CacheNode(_time, _server, new CategoryOptions("values") { MemoryTimeToLive = TimeSpan.FromSeconds(1) });
        await node.Get("k", "v1");
        _server.LoseContents();
        _time.Advance(TimeSpan.FromSeconds(1));
        (await node.Get("k", "v2")).ShouldBe("v2");
    }

    [Fact]
    public async Task DamagedValue_IsACountedMiss_AtEveryByte()
    {
        await using var node = new CacheNode(_time, _server, new CategoryOptions("values") { CompressAbove = 64 });
        var key = new SecondTierKey("values", "k");
        await node.Values.SetAsync("k", new string('x', 300), tags: ["tag"]);
        var length = 0;
        _server.Tamper(key, b => { length = b.Length; return b; });
        for (var i = 0; i < length; i++)
        {
            await using var reader = new CacheNode(_time, _server, new CategoryOptions("values") { CompressAbove = 64 });
            await node.Values.SetAsync("k", new string('x', 300), tags: ["tag"]);
            var at = i;
            _server.Tamper(key, b => at % 2 == 0 ? b[..at] : [.. b[..at], (byte)(b[at] ^ 0x41), .. b[(at + 1)..]]);
            (await reader.Get("k", "loaded")).ShouldBe("loaded", $"byte {i}");
            reader.Values.GetStatistics().SecondTier.Corrupt.ShouldBe(1);
        }
    }

    [Fact]
    public async Task ValueOfAnotherKey_IsNeverReturned()
    {
        // A reply that arrives twice answers the next read too: the bytes are whole, and of another key.
        await using var node = new CacheNode(_time, _server);
        await node.Values.SetAsync("a", "of a");
        await node.Values.SetAsync("b", "of b");
        byte[] bytes = [];
        _server.Tamper(new SecondTierKey("values", "a"), b => bytes = b);
        _server.Tamper(new SecondTierKey("values", "b"), _ => bytes);
        await using var reader = new CacheNode(_time, _server);
        (await reader.Get("b", "loaded")).ShouldBe("loaded");
        (await reader.Get("a", "loaded")).ShouldBe("of a");
        reader.Values.GetStatistics().SecondTier.Corrupt.ShouldBe(1);
    }

    [Fact]
    public async Task OneLoadPerCluster_OthersWaitForTheAnnouncement()
    {
        var options = new CategoryOptions("values") { OneLoadPerCluster = true };
        await using var node = new CacheNode(_time, _server, options);
        await using var other = new CacheNode(_time, _server, options);
        var release = new TaskCompletionSource<string?>();
        var first = node.Values.GetOrCreateAsync("k", _ => new ValueTask<string?>(release.Task)).AsTask();
        var second = other.Get("k", "loaded twice").AsTask();
        second.IsCompleted.ShouldBeFalse();
        release.SetResult("v");
        (await first).ShouldBe("v");
        (await second).ShouldBe("v");
        other.Values.GetStatistics().Loads.ShouldBe(0);
    }

    [Fact]
    public async Task OneLoadPerCluster_CrashedOrFailedLoader_OthersGoOn()
    {
        var options = new CategoryOptions("values") { OneLoadPerCluster = true, LeaseTime = TimeSpan.FromSeconds(10), LoadTimeout = TimeSpan.FromHours(1) };
        await using var node = new CacheNode(_time, _server, options);
        await using var other = new CacheNode(_time, _server, options);
        var failing = new TaskCompletionSource<string?>();
        var failed = node.Values.GetOrCreateAsync("f", _ => new ValueTask<string?>(failing.Task)).AsTask();
        var waits = other.Get("f", "v").AsTask();
        failing.SetException(new IOException("down"));
        await Should.ThrowAsync<IOException>(failed);
        (await waits).ShouldBe("v");

        _ = node.Values.GetOrCreateAsync("c", _ => new ValueTask<string?>(new TaskCompletionSource<string?>().Task)).AsTask();
        var crashed = other.Get("c", "v").AsTask();
        crashed.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(10));
        (await crashed).ShouldBe("v");
    }

    [Fact]
    public async Task LostConnectionOfAnIdleNode_IsToldOnce()
    {
        await using var node = new CacheNode(_time, _server);
        node.Tier.LoseConnection();
        node.Notices.ShouldHaveSingleItem().ShouldBe("Redis unavailable, using in-memory cache only (not connected)");
        node.Tier.LoseConnection();
        await node.Get("k", "v");
        node.Notices.Count.ShouldBe(1);
        (await node.Cache.GetStatisticsAsync()).SecondTier!.Outages.ShouldBe(1);

        node.Tier.BeTroubled("the tier cannot be used: no permission");
        node.Notices.Last().ShouldBe("the tier cannot be used: no permission");
        node.Tier.RestoreConnection();
        await Recover(node);
        node.Notices.Last().ShouldBe("Redis available again");
    }

    [Fact]
    public async Task TierThatIsStillConnecting_IsNotCalledUnavailable_UntilItsFirstAttemptFails()
    {
        await using var fast = new CacheNode(_time, _server, isConnected: false);
        await fast.Get("k", "v");
        await fast.Values.RemoveAsync("k");
        fast.Tier.RestoreConnection();
        await Recover(fast);
        fast.Notices.ShouldBeEmpty();

        await using var refused = new CacheNode(_time, _server, isConnected: false);
        await refused.Get("k", "v");
        refused.Notices.ShouldBeEmpty();
        refused.Tier.LoseConnection();
        refused.Notices.ShouldHaveSingleItem();

        await using var silent = new CacheNode(_time, _server, isConnected: false);
        await silent.Get("k", "v");
        for (var i = 0; i < 1000 && silent.Notices.Count == 0; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(1);
        }

        silent.Notices.ShouldHaveSingleItem("the first probe has failed");
    }

    /// <summary>Moves the clock until the background probe has closed the breaker; the loop ends by the test's time limit otherwise.</summary>
    async Task Recover(CacheNode node)
    {
        for (var i = 0; i < 1000 && !node.Cache.IsSecondTierUsable; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
            await Task.Delay(1);
        }

        node.Cache.IsSecondTierUsable.ShouldBeTrue();
    }
}
