using Fettle.Testing;

namespace Fettle.Caching.Tests;

/// <summary>
/// A load of v1 runs; the source changes to v2; then the change is announced in one of many ways; the load ends; everyone reads.
/// Every cell must read v2, on the node that changed it, on the other, and on a cold third node.
/// </summary>
public class RaceTests
{
    public enum Change
    {
        Remove,
        Set,
        Tag,
        Prefix,
        Pattern,
        Clear,
        OtherRemove,
        OtherSet,
        OtherTag,
        OtherPrefix,
        OtherClear,
    }

    public enum Load
    {
        Foreground,
        RefreshAhead,
        StaleRefresh,
    }

    public static IEnumerable<object[]> Cells() =>
        from change in Enum.GetValues<Change>()
        from load in Enum.GetValues<Load>()
        from tier in new[] { "memory", "second", "second, late push", "second, one load per cluster" }
        where tier != "memory" || !change.ToString().StartsWith("Other", StringComparison.Ordinal)
        select new object[] { change, load, tier };

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task ChangeDuringALoad_EveryoneReadsTheNewValue(Change change, Load load, string tier)
    {
        var time = new ManualTime();
        var server = tier == "memory" ? null : new FakeServer(time);
        var options = new CategoryOptions("values")
        {
            TimeToLive = TimeSpan.FromSeconds(100),
            MemoryTimeToLive = TimeSpan.FromSeconds(100),
            RefreshAhead = load == Load.RefreshAhead ? 0.5 : 0,
            StaleWindow = load == Load.StaleRefresh ? TimeSpan.FromSeconds(50) : TimeSpan.Zero,
            OneLoadPerCluster = tier.EndsWith("cluster", StringComparison.Ordinal),
            LoadTimeout = TimeSpan.FromMinutes(30),
            LeaseTime = TimeSpan.FromMinutes(5),
        };
        await using var node = new CacheNode(time, server, options);
        await using var other = new CacheNode(time, server ?? new FakeServer(time), options);
        var source = "v1";
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource();
        ValueTask<string?> Read(CacheNode from) => from.Values.GetOrCreateAsync("key", _ => ValueTask.FromResult<string?>(source), ["tag"]);

        if (load != Load.Foreground)
        {
            (await Read(node)).ShouldBe("v1");
            time.Advance(TimeSpan.FromSeconds(load == Load.RefreshAhead ? 60 : 110));
        }

        var running = node.Values.GetOrCreateAsync("key", async _ =>
        {
            var read = source;
            entered.SetResult();
            await release.Task;
            return read;
        }, ["tag"]).AsTask();
        await entered.Task;
        source = "v2";
        node.Tier?.HoldsAnnouncements = tier.EndsWith("late push", StringComparison.Ordinal);
        await Apply(change, node, other);
        node.Tier?.HoldsAnnouncements = false;
        if (!change.ToString().StartsWith("Other", StringComparison.Ordinal))
        {
            // Its own node reads the new value at once, while the old load still runs.
            (await Read(node)).ShouldBe("v2");
        }

        if (tier.EndsWith("late push", StringComparison.Ordinal))
        {
            release.SetResult();
            (await running).ShouldBe("v1");
            node.Tier!.Deliver();
        }
        else
        {
            node.Tier?.Deliver();
            release.SetResult();
            (await running).ShouldBe("v1");
        }

        // Whatever is left running in the background settles before the last reading.
        await node.Values.GetOrCreateAsync("settle", _ => ValueTask.FromResult<string?>("x"));
        (await Read(node)).ShouldBe("v2");
        if (server is not null)
        {
            (await Read(other)).ShouldBe("v2");
            await using var cold = new CacheNode(time, server, options);
            (await Read(cold)).ShouldBe("v2");
        }

        node.Cache.CheckIntegrity().ShouldBeNull();
    }

    static async Task Apply(Change change, CacheNode node, CacheNode other)
    {
        switch (change)
        {
            case Change.Remove:
                await node.Values.RemoveAsync("key");
                break;
            case Change.Set:
                await node.Values.SetAsync("key", "v2", tags: ["tag"]);
                break;
            case Change.Tag:
                await node.Cache.RemoveByTagAsync("tag");
                break;
            case Change.Prefix:
                await node.Values.RemoveByPrefixAsync("ke");
                break;
            case Change.Pattern:
                await node.Values.RemoveByPatternAsync("k?y*");
                break;
            case Change.Clear:
                await node.Values.ClearAsync();
                break;
            case Change.OtherRemove:
                await other.Values.RemoveAsync("key");
                break;
            case Change.OtherSet:
                await other.Values.SetAsync("key", "v2", tags: ["tag"]);
                break;
            case Change.OtherTag:
                await other.Cache.RemoveByTagAsync("tag");
                break;
            case Change.OtherPrefix:
                await other.Values.RemoveByPrefixAsync("key");
                break;
            default:
                await other.Values.ClearAsync();
                break;
        }
    }
}
