using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class ManyTests
{
    static ValueTask<IReadOnlyDictionary<string, string?>> Load(IReadOnlyList<string> keys, string prefix = "v") =>
        ValueTask.FromResult<IReadOnlyDictionary<string, string?>>(keys.ToDictionary(k => k, k => (string?)(prefix + k)));

    [Fact]
    public async Task MixOfTiers_IsReadOnceAndLoadedOnce()
    {
        var time = new ManualTime();
        var server = new FakeServer(time);
        await using var writer = new CacheNode(time, server);
        await using var node = new CacheNode(time, server);
        await writer.Values.SetAsync("second", "from second");
        await node.Values.SetAsync("memory", "from memory");
        List<string> asked = [];
        var found = await node.Values.GetOrCreateManyAsync(["memory", "second", "new", "new", "other"], (keys, _) =>
        {
            asked.AddRange(keys);
            return Load(keys);
        });
        asked.ShouldBe(["new", "other"]);
        found.OrderBy(p => p.Key).Select(p => p.Value).ShouldBe(["from memory", "vnew", "vother", "from second"]);
        node.Values.TryGet("second", out _).ShouldBeTrue();
        (await writer.Values.GetAsync("new")).Value.ShouldBe("vnew");
    }

    [Fact]
    public async Task KeyThatTheFactoryForgot_FailsAloneAndIsFree()
    {
        await using var node = new CacheNode(new ManualTime());
        await Should.ThrowAsync<KeyNotFoundException>(async () => await node.Values.GetOrCreateManyAsync(["a", "b"], (_, _) => Load(["a"])));
        node.Values.TryGet("a", out _).ShouldBeTrue();
        (await node.Get("b", "later")).ShouldBe("later");
    }

    [Fact]
    public async Task FactoryThatThrows_FailsAllAndFreesTheKeys()
    {
        await using var node = new CacheNode(new ManualTime());
        await Should.ThrowAsync<IOException>(async () => await node.Values.GetOrCreateManyAsync(["a", "b"], (_, _) => throw new IOException()));
        (await node.Values.GetOrCreateManyAsync(["a", "b"], (keys, _) => Load(keys))).Count.ShouldBe(2);
        node.Values.GetStatistics().LoadFailures.ShouldBe(1);
    }

    [Fact]
    public async Task FactoryThatHangs_TimesOutAndFreesTheKeys()
    {
        var time = new ManualTime();
        await using var node = new CacheNode(time, options: new CategoryOptions("values") { LoadTimeout = TimeSpan.FromSeconds(5) });
        var never = new TaskCompletionSource<IReadOnlyDictionary<string, string?>>();
        var hung = node.Values.GetOrCreateManyAsync(["a"], (_, _) => new(never.Task)).AsTask();
        time.Advance(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<TimeoutException>(() => hung);
        (await node.Get("a", "new")).ShouldBe("new");
        never.SetResult(new Dictionary<string, string?> { ["a"] = "old" });
        (await node.Get("a", "?")).ShouldBe("new");
    }

    [Fact]
    public async Task TwoCallersOfOverlappingKeys_LoadEachKeyOnce()
    {
        await using var node = new CacheNode(new ManualTime());
        var gate = new TaskCompletionSource();
        var loads = new List<string>();
        async ValueTask<IReadOnlyDictionary<string, string?>> Factory(IReadOnlyList<string> keys, CancellationToken token)
        {
            lock (loads)
            {
                loads.AddRange(keys);
            }

            await gate.Task;
            return await Load(keys);
        }

        var first = node.Values.GetOrCreateManyAsync(["a", "b"], Factory).AsTask();
        var second = node.Values.GetOrCreateManyAsync(["b", "c"], Factory).AsTask();
        gate.SetResult();
        (await first).Count.ShouldBe(2);
        (await second)["b"].ShouldBe("vb");
        loads.Order().ShouldBe(["a", "b", "c"]);
        node.Values.GetStatistics().Coalesced.ShouldBe(1);
    }

    [Fact]
    public async Task DamagedValue_IsLoadedAndReplacedInTheSecondTier()
    {
        var time = new ManualTime();
        var server = new FakeServer(time);
        await using var node = new CacheNode(time, server);
        await using var other = new CacheNode(time, server);
        await other.Values.SetAsync("a", "old");
        server.Tamper(new SecondTierKey("values", "a"), bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);

        (await node.Values.GetOrCreateManyAsync(["a", "b"], (keys, _) => Load(keys)))["a"].ShouldBe("va");

        node.Values.GetStatistics().SecondTier.Corrupt.ShouldBe(1);
        await using var third = new CacheNode(time, server);
        (await third.Values.GetAsync("a")).Value.ShouldBe("va");
    }

    public static IEnumerable<object[]> Changes() =>
        from change in new[] { "Remove", "Set", "Tag", "Prefix", "Clear", "other Remove", "other Set", "other Tag", "other Prefix" }
        from second in new[] { false, true }
        where second || !change.StartsWith("other", StringComparison.Ordinal)
        select new object[] { change, second };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task ChangeDuringALoadOfMany_EveryoneReadsTheNewValue(string change, bool second)
    {
        var time = new ManualTime();
        var server = second ? new FakeServer(time) : null;
        await using var node = new CacheNode(time, server);
        await using var other = new CacheNode(time, server ?? new FakeServer(time));
        await using var cold = new CacheNode(time, server);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = "1";
        var load = node.Values.GetOrCreateManyAsync(
            ["p/a", "p/b"],
            async (keys, _) =>
            {
                var seen = source;
                entered.TrySetResult();
                await release.Task;
                return keys.ToDictionary(k => k, _ => (string?)seen);
            },
            ["t"]).AsTask();
        await entered.Task;
        source = "2";
        var by = change.StartsWith("other", StringComparison.Ordinal) ? other : node;
        await (change.Split(' ')[^1] switch
        {
            "Remove" => by.Values.RemoveAsync("p/a"),
            "Set" => by.Values.SetAsync("p/a", "2", tags: ["t"]),
            "Tag" => by.Cache.RemoveByTagAsync("t"),
            "Prefix" => by.Values.RemoveByPrefixAsync("p/"),
            _ => by.Values.ClearAsync(),
        });
        release.SetResult();
        await load;

        foreach (var reader in second ? [node, other, cold] : new[] { node })
        {
            (await reader.Get("p/a", source, "t")).ShouldBe("2", change);
        }
    }

    [Fact]
    public async Task SecondTierThatHangs_CostsTheBudgetAndTheFactoryAnswers()
    {
        var time = new ManualTime();
        var server = new FakeServer(time);
        await using var node = new CacheNode(time, server);
        node.Tier.Hangs = true;
        var asked = node.Values.GetOrCreateManyAsync(["a", "b"], (keys, _) => Load(keys)).AsTask();
        await Eventually.IsTrueAsync(() => time.Timers > 0, "the call is bounded");
        for (var i = 0; i < 10 && !asked.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(40));
            await Task.Yield();
        }

        await Eventually.IsTrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(40));
                return asked.IsCompleted;
            },
            "answered");
        (await asked)["a"].ShouldBe("va");
        node.Values.GetStatistics().SecondTier.Failures.ShouldBe(2);
    }
}
