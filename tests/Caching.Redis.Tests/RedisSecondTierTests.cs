using System.Text;
using Fettle.Redis;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

public class RedisSecondTierTests(TierFixture fixture) : IClassFixture<TierFixture>
{
    static readonly (string Name, Invalidation What)[] Covering =
    [
        ("key", Invalidation.ForKey("c", "abc")),
        ("tag", Invalidation.ForTag("red")),
        ("prefix", Invalidation.ForPrefix("c", "ab")),
        ("pattern", Invalidation.ForPattern("c", "a?c*")),
        ("category", Invalidation.ForCategory("c")),
        ("everything", Invalidation.Everything),
    ];

    static readonly Invalidation[] NotCovering =
    [
        Invalidation.ForKey("c", "ab"),
        Invalidation.ForKey("d", "abc"),
        Invalidation.ForTag("blue"),
        Invalidation.ForPrefix("c", "b"),
        Invalidation.ForPrefix("d", "a"),
        Invalidation.ForCategory("d"),
    ];

    [RequiresRedisFact]
    public async Task Set_ThenGet_OnBothNodes_ReturnsTheValueAndTheTimeLeft()
    {
        await using var a = await fixture.NodeAsync("set");
        await using var b = await fixture.NodeAsync("set");
        (await a.SetAsync("c", "k", "v1", null, "t")).ShouldBe(SecondTierWrite.Stored);
        (await a.GetAsync("c", "k")).ShouldBe("v1");
        using var value = await b.Tier.GetAsync(new("c", "k"), LeaseRequest.None, default);
        Encoding.UTF8.GetString(value.Bytes.Span).ShouldBe("v1");
        value.Remaining.ShouldBeInRange(TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5.1));
        (await b.GetAsync("c", "other")).ShouldBeNull();
        (await b.GetAsync("d", "k")).ShouldBeNull();
    }

    [RequiresRedisFact]
    public async Task Lease_IsSharedUntilTheStore_AndOwnedByOne()
    {
        await using var a = await fixture.NodeAsync("lease");
        await using var b = await fixture.NodeAsync("lease");
        var first = await a.LeaseOnMissAsync("c", "k");
        var second = await b.LeaseOnMissAsync("c", "k");
        first.IsOwner.ShouldBeTrue();
        second.IsOwner.ShouldBeFalse();
        second.Token.ShouldBe(first.Token);
        (await a.SetAsync("c", "k", "v", first.Token)).ShouldBe(SecondTierWrite.Stored);
        (await b.SetAsync("c", "k", "late", second.Token)).ShouldBe(SecondTierWrite.Superseded);
        (await b.GetAsync("c", "k")).ShouldBe("v");
        var refresh = await b.Tier.LeaseAsync(new("c", "k"), new(TimeSpan.FromSeconds(30)), default);
        refresh.IsOwner.ShouldBeTrue();
        (await b.SetAsync("c", "k", "v2", refresh.Token)).ShouldBe(SecondTierWrite.Stored);
        (await a.GetAsync("c", "k")).ShouldBe("v2");
    }

    [RequiresRedisFact]
    public async Task SetThatIsHalfDone_IsOvertakenByEveryLaterChange()
    {
        await using var a = await fixture.NodeAsync("half");
        await using var b = await fixture.NodeAsync("half");
        foreach (var (name, what) in Covering)
        {
            await a.SetAsync("c", "abc", "old", null, "red");
            var token = await a.Tier.BeginSetAsync(new("c", "abc"), default);
            (await b.GetAsync("c", "abc")).ShouldBeNull("the old value is gone from the first half on");
            await b.InvalidateAsync(what);
            (await a.SetAsync("c", "abc", "late", token, "red")).ShouldBe(SecondTierWrite.Superseded, name);
            (await b.GetAsync("c", "abc")).ShouldBeNull(name);
        }

        var overtaken = await a.Tier.BeginSetAsync(new("c", "abc"), default);
        (await b.SetAsync("c", "abc", "newer")).ShouldBe(SecondTierWrite.Stored);
        (await a.SetAsync("c", "abc", "late", overtaken)).ShouldBe(SecondTierWrite.Superseded);
        (await a.GetAsync("c", "abc")).ShouldBe("newer");
    }

    [RequiresRedisFact]
    public async Task LoadDuringASet_StoresNothing_AndTheSetIsKept()
    {
        await using var a = await fixture.NodeAsync("during");
        await using var b = await fixture.NodeAsync("during");
        var before = await b.LeaseOnMissAsync("c", "k");
        var token = await a.Tier.BeginSetAsync(new("c", "k"), default);
        var during = await b.LeaseOnMissAsync("c", "k");
        during.IsOwner.ShouldBeFalse();
        (await b.SetAsync("c", "k", "loaded before", before.Token)).ShouldBe(SecondTierWrite.Superseded);
        (await b.SetAsync("c", "k", "loaded during", during.Token)).ShouldBe(SecondTierWrite.Superseded);
        (await a.SetAsync("c", "k", "set", token)).ShouldBe(SecondTierWrite.Stored);
        (await b.GetAsync("c", "k")).ShouldBe("set");
    }

    [RequiresRedisFact]
    public async Task SetThatTimedOut_NeverPutsItsValueOverALaterOneOfTheOtherNode()
    {
        await using var proxy = new FaultyProxy(fixture.Server.Port);
        await using var a = await fixture.NodeAsync("late", proxy.Port);
        await using var b = await fixture.NodeAsync("late");
        for (var round = 0; round < 20; round++)
        {
            using var budget = new CancellationTokenSource();
            proxy.Hold();
            var late = a.Tier.SetAsync(new("c", "k"), Encoding.UTF8.GetBytes("late"), new(TimeSpan.FromMinutes(5), [], null), budget.Token).AsTask();
            await budget.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(late);
            await b.SetAsync("c", "k", "newer");
            proxy.Release();

            // Commands of one connection run in order: when this one is answered, the late one has run.
            await a.Tier.PingAsync(default);
            (await b.GetAsync("c", "k")).ShouldNotBe("late");
        }
    }

    [RequiresRedisFact]
    public async Task Lease_ThatRanOut_StoresNothing()
    {
        await using var a = await fixture.NodeAsync("short");
        var value = await a.Tier.GetAsync(new("c", "k"), new(TimeSpan.FromMilliseconds(1)), default);
        await Eventually.IsTrueAsync(
            () => a.Tier.LeaseAsync(new("c", "k"), new(TimeSpan.FromMilliseconds(1)), default).AsTask().Result.Token != value.Lease.Token,
            "the first lease has ended");
        (await a.SetAsync("c", "k", "late", value.Lease.Token)).ShouldBe(SecondTierWrite.Superseded);
    }

    [RequiresRedisFact]
    public async Task CoveringInvalidation_DuringALoad_SupersedesItsStore_WhoeverInvalidates()
    {
        await using var a = await fixture.NodeAsync("race");
        await using var b = await fixture.NodeAsync("race");
        foreach (var (name, what) in Covering)
        {
            foreach (var other in new[] { a, b })
            {
                var lease = await a.LeaseOnMissAsync("c", "abc");
                await other.InvalidateAsync(what);
                (await a.SetAsync("c", "abc", "old", lease.Token, "red")).ShouldBe(SecondTierWrite.Superseded, name);
                (await b.GetAsync("c", "abc")).ShouldBeNull(name);
            }
        }
    }

    [RequiresRedisFact]
    public async Task SetByAnyone_DuringALoad_SupersedesItsStore()
    {
        await using var a = await fixture.NodeAsync("setrace");
        await using var b = await fixture.NodeAsync("setrace");
        foreach (var other in new[] { a, b })
        {
            await a.InvalidateAsync(Invalidation.ForKey("c", "k"));
            var lease = await a.LeaseOnMissAsync("c", "k");
            await other.SetAsync("c", "k", "new");
            (await a.SetAsync("c", "k", "old", lease.Token)).ShouldBe(SecondTierWrite.Superseded);
            (await a.GetAsync("c", "k")).ShouldBe("new");
            (await b.GetAsync("c", "k")).ShouldBe("new");
        }
    }

    [RequiresRedisFact]
    public async Task StoredValue_CoveredByAnInvalidation_IsReturnedByNoNode_NotEvenACold()
    {
        await using var a = await fixture.NodeAsync("stored");
        await using var b = await fixture.NodeAsync("stored");
        foreach (var (name, what) in Covering)
        {
            await a.SetAsync("c", "abc", "old", null, "red", "green");
            (await b.GetAsync("c", "abc")).ShouldBe("old", name);
            await b.InvalidateAsync(what);
            (await b.GetAsync("c", "abc")).ShouldBeNull(name);
            (await a.GetAsync("c", "abc")).ShouldBeNull(name);
            await using var cold = await fixture.NodeAsync("stored");
            (await cold.GetAsync("c", "abc")).ShouldBeNull(name);
            (await cold.SetAsync("c", "abc", "new", (await cold.LeaseOnMissAsync("c", "abc")).Token, "red")).ShouldBe(SecondTierWrite.Stored, name);
            (await a.GetAsync("c", "abc")).ShouldBe("new", name);
        }
    }

    [RequiresRedisFact]
    public async Task OtherInvalidations_LeaveTheValue()
    {
        await using var a = await fixture.NodeAsync("spared");
        await using var b = await fixture.NodeAsync("spared");
        var lease = await a.LeaseOnMissAsync("c", "abc");
        await b.InvalidateAsync(NotCovering);
        (await a.SetAsync("c", "abc", "v", lease.Token, "red")).ShouldBe(SecondTierWrite.Stored);
        await b.InvalidateAsync(NotCovering);
        (await a.GetAsync("c", "abc")).ShouldBe("v");
        (await b.GetAsync("c", "abc")).ShouldBe("v");
    }

    [RequiresRedisFact]
    public async Task OtherNodesChanges_ReachTheSink_OwnOnesNeedNot()
    {
        await using var a = await fixture.NodeAsync("news");
        await using var b = await fixture.NodeAsync("news");
        await a.GetAsync("c", "read");
        await b.SetAsync("c", "read", "v");
        await a.GetAsync("c", "nothing");
        a.Heard().ShouldContain(Invalidation.ForKey("c", "read"));

        await a.SetAsync("c", "own", "v");
        await b.SetAsync("c", "own", "w");
        await a.GetAsync("c", "nothing");
        a.Heard().ShouldContain(Invalidation.ForKey("c", "own"), "a store is followed like a read");

        (await a.Tier.LeaseAsync(new("c", "leased"), new(TimeSpan.FromSeconds(9)), default)).IsOwner.ShouldBeTrue();
        await b.SetAsync("c", "leased", "w");
        await a.GetAsync("c", "nothing");
        a.Heard().ShouldContain(Invalidation.ForKey("c", "leased"));

        foreach (var (name, what) in Covering)
        {
            b.Heard();
            await b.InvalidateAsync(what);
            await a.GetAsync("c", "nothing");
            a.Heard().ShouldContain(what, name);
            b.Heard().ShouldNotContain(what, name);
        }
    }

    [RequiresRedisFact]
    public async Task ManyKeys_AreReadAtOnce_WithALeaseForEachMiss()
    {
        await using var a = await fixture.NodeAsync("many");
        for (var i = 0; i < 100; i += 2)
        {
            await a.SetAsync("c", $"{i}", $"v{i}");
        }

        var values = await a.Tier.GetManyAsync([.. Enumerable.Range(0, 100).Select(i => new SecondTierKey("c", $"{i}"))], new(TimeSpan.FromSeconds(5)), default);
        for (var i = 0; i < 100; i++)
        {
            values[i].Found.ShouldBe(i % 2 == 0);
            if (i % 2 == 0)
            {
                Encoding.UTF8.GetString(values[i].Bytes.Span).ShouldBe($"v{i}");
            }
            else
            {
                values[i].Lease.IsOwner.ShouldBeTrue();
            }
        }
    }

    [RequiresRedisFact]
    public async Task ForeignBytes_UnderAKey_AreAMissAndCanBeReplaced()
    {
        await using var a = await fixture.NodeAsync("poison");
        await using var raw = await fixture.ConnectAsync();
        await a.SetAsync("c", "k", "value", null, "tag");
        var whole = (await raw.GetAsync("fettle:poison:e:c:k"))!;
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var bytes = i < whole.Length ? whole[..i] : (byte[])whole.Clone();
            if (i >= whole.Length)
            {
                // The head alone: what lies behind it is checked by the cache's own envelope.
                bytes[random.Next(19)] ^= (byte)(1 << random.Next(8));
            }

            await raw.SetAsync("fettle:poison:e:c:k", bytes);
            (await a.GetAsync("c", "k")).ShouldBeNull($"case {i}");
        }

        var lease = await a.LeaseOnMissAsync("c", "k");
        (await a.SetAsync("c", "k", "good", lease.Token)).ShouldBe(SecondTierWrite.Stored);
        (await a.GetAsync("c", "k")).ShouldBe("good");
    }

    [RequiresRedisFact]
    public async Task OddKeysAndTags_AreKeptApart()
    {
        await using var a = await fixture.NodeAsync("odd");
        string[] odd = ["", ":", "a:b", "é", "\0", "x\ny", "\ud800", "\ud801", "\u0001\u0001D800", "😀", new string('k', 5000)];
        foreach (var key in odd)
        {
            await a.SetAsync("c", key, "value of " + key.Length, null, "tag" + key);
        }

        foreach (var key in odd)
        {
            (await a.GetAsync("c", key)).ShouldBe("value of " + key.Length);
            await a.InvalidateAsync(Invalidation.ForTag("tag" + key));
            (await a.GetAsync("c", key)).ShouldBeNull();
        }
    }

    [RequiresRedisFact]
    public async Task ManyTagsRemoved_TheMemoryOfThemIsBounded_AndNothingStaleComesBack()
    {
        var options = fixture.Options("bounded");
        options.MaxGenerations = 100;
        await using var a = new TierNode(new RedisSecondTier(options));
        await a.AvailableAsync();
        await using var raw = await fixture.ConnectAsync();
        await a.SetAsync("c", "k", "old", null, "tag0");
        for (var i = 0; i < 250; i++)
        {
            await a.InvalidateAsync(Invalidation.ForTag($"tag{i}"));
            (await a.GetAsync("c", "k")).ShouldBeNull();
        }

        (await raw.ExecuteAsync("HLEN", "fettle:bounded:root")).AsInt64().ShouldBeLessThanOrEqualTo(101);
        await a.SetAsync("c", "k", "new", null, "tag0");
        (await a.GetAsync("c", "k")).ShouldBe("new");
    }

    [RequiresRedisFact]
    public async Task ManyPrefixesRemoved_TheOldestFallBackToTheCategory()
    {
        await using var a = await fixture.NodeAsync("prefixes");
        await using var b = await fixture.NodeAsync("prefixes");
        await a.SetAsync("c", "p0/x", "old");
        for (var i = 0; i < 100; i++)
        {
            await b.InvalidateAsync(Invalidation.ForPrefix("c", $"p{i}/"));
        }

        (await a.GetAsync("c", "p0/x")).ShouldBeNull();
        await using var cold = await fixture.NodeAsync("prefixes");
        (await cold.GetAsync("c", "p0/x")).ShouldBeNull();
        await a.SetAsync("c", "p0/x", "new");
        (await cold.GetAsync("c", "p0/x")).ShouldBe("new");
    }

    [RequiresRedisFact]
    public async Task FlushAll_BeginsANewEpoch()
    {
        await using var a = await fixture.NodeAsync("flush");
        await using var b = await fixture.NodeAsync("flush");
        var options = fixture.Options().Redis;
        (options.User, options.Password) = (null, null);
        await using var operatorConnection = await RedisConnection.ConnectAsync(options);
        for (var i = 0; i < 5; i++)
        {
            await a.SetAsync("c", "k", $"{i}");
            var lease = await a.Tier.LeaseAsync(new("c", "k"), new(TimeSpan.FromSeconds(30)), default);
            await operatorConnection.ExecuteAsync("FLUSHALL");
            (await a.SetAsync("c", "k", "late", lease.Token)).ShouldBe(SecondTierWrite.Superseded);
            (await b.GetAsync("c", "k")).ShouldBeNull();
            await b.SetAsync("c", "k", $"new {i}");
            await Eventually.IsTrueAsync(() => a.GetAsync("c", "k").Result == $"new {i}", "both nodes know the new epoch");
        }
    }

    [RequiresRedisFact]
    public async Task Statistics_NameTheServerWithoutSecrets()
    {
        await using var a = await fixture.NodeAsync("stats");
        var statistics = await a.Tier.GetStatisticsAsync(default);
        statistics.Connected.ShouldBeTrue();
        statistics.UsedMemoryBytes!.Value.ShouldBeGreaterThan(100_000);
        statistics.Keys.ShouldNotBeNull();
        statistics.Endpoint.ShouldContain($"{fixture.Server.Port}");
        statistics.Endpoint.ShouldNotContain("change-me");
        await a.Tier.PingAsync(default);
    }
}
