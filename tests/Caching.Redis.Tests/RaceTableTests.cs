using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>
/// The table of races every cell of which must be fresh: a load of version 1 runs, the source changes to 2, then one change by this or
/// the other node, then the load ends; whoever reads afterwards gets 2, and nothing else is in either tier.
/// </summary>
public class RaceTableTests(TierFixture fixture) : IClassFixture<TierFixture>
{
    static readonly (string Name, Func<CacheNode, Task> Do)[] Changes =
    [
        ("Remove", n => n.Values.RemoveAsync("a/k").AsTask()),
        ("Set", n => n.Values.SetAsync("a/k", 2, tags: ["t"]).AsTask()),
        ("RemoveByTag", n => n.Cache.RemoveByTagAsync("t").AsTask()),
        ("RemoveByPrefix", n => n.Values.RemoveByPrefixAsync("a/").AsTask()),
        ("RemoveByPattern", n => n.Values.RemoveByPatternAsync("*/k").AsTask()),
        ("Clear", n => n.Values.ClearAsync().AsTask()),
        ("ClearAll", n => n.Cache.ClearAsync().AsTask()),
    ];

    [RequiresRedisFact]
    public async Task ForegroundLoad_AnyChangeMeanwhile_IsFreshOnBothNodes()
    {
        foreach (var oneLoad in new[] { false, true })
        {
            foreach (var (name, change) in Changes)
            {
                foreach (var byOther in new[] { false, true })
                {
                    var what = $"{(byOther ? "other node " : "")}{name}{(oneLoad ? ", one load per cluster" : "")}";
                    await using var race = await Race.BeginAsync(fixture, what, new CategoryOptions("c") { OneLoadPerCluster = oneLoad });
                    var load = race.A.Values.GetOrCreateAsync("a/k", race.SlowFactory, ["t"]).AsTask();
                    await race.LoadRuns;
                    race.Source = 2;
                    await change(byOther ? race.B : race.A);
                    race.EndLoad();
                    await load;
                    (await race.ReadAsync(race.A)).ShouldBe(2, what);
                    (await race.ReadAsync(race.B)).ShouldBe(2, what);
                    await race.ColdNodeReadsAsync(2, what);
                }
            }
        }
    }

    [RequiresRedisFact]
    public async Task RefreshAhead_AnyChangeMeanwhile_IsFreshOnBothNodes()
    {
        foreach (var (name, change) in Changes)
        {
            foreach (var byOther in new[] { false, true })
            {
                var what = $"{(byOther ? "other node " : "")}{name} during refresh-ahead";
                await using var race = await Race.BeginAsync(fixture, what, new CategoryOptions("c") { TimeToLive = TimeSpan.FromSeconds(20), RefreshAhead = 0.1, LeaseTime = TimeSpan.FromSeconds(60) });
                await race.A.Values.SetAsync("a/k", 1, TimeSpan.FromSeconds(18.05), ["t"]);
                await race.B.Values.GetOrCreateAsync("a/k", race.SlowFactory, ["t"]);

                // The value is due for a refresh after 50 ms: the first read from then on starts it and is answered from memory.
                await Eventually.IsTrueAsync(
                    () =>
                    {
                        _ = race.A.Values.GetOrCreateAsync("a/k", race.SlowFactory, ["t"]).AsTask();
                        return race.LoadRuns.IsCompleted;
                    },
                    "the refresh has begun");
                race.Source = 2;
                await change(byOther ? race.B : race.A);
                if (byOther)
                {
                    await Eventually.IsTrueAsync(() => !race.A.Values.TryGet("a/k", out var v) || v == 2, "the push has arrived");
                }
                else
                {
                    (!race.A.Values.TryGet("a/k", out var now) || now == 2).ShouldBeTrue(what);
                }

                race.EndLoad();
                await Eventually.IsTrueAsync(() => race.LoadEnded, "the refresh has ended");
                (await race.ReadAsync(race.A)).ShouldBe(2, what);
                await Eventually.IsTrueAsync(() => race.ReadAsync(race.B).Result == 2, "the other node is fresh");
                await race.ColdNodeReadsAsync(2, what);
            }
        }
    }

    [RequiresRedisFact]
    public async Task ColdNode_AfterATagWasRemoved_LoadsAllFiveHundred()
    {
        await using var race = await Race.BeginAsync(fixture, "five hundred", new CategoryOptions("c"));
        for (var i = 0; i < 500; i++)
        {
            await race.A.Values.SetAsync($"k{i}", 1, tags: ["t"]);
        }

        await race.A.Cache.RemoveByTagAsync("t");
        await using var cold = await race.NodeAsync();
        var stale = 0;
        for (var i = 0; i < 500; i++)
        {
            stale += await cold.Values.GetOrCreateAsync($"k{i}", _ => ValueTask.FromResult(2L)) == 1 ? 1 : 0;
        }

        stale.ShouldBe(0);
    }

    [RequiresRedisFact]
    public async Task OneLoadPerCluster_ManyCallersOnTwoNodes_LoadOnce_AndLosersWakeOnThePush()
    {
        await using var race = await Race.BeginAsync(fixture, "one load", new CategoryOptions("c") { OneLoadPerCluster = true, LeaseTime = TimeSpan.FromMinutes(5) });
        for (var i = 0; i < 20; i++)
        {
            var loads = 0;
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var callers = Enumerable.Range(0, 40).Select(c => (c % 2 == 0 ? race.A : race.B).Values.GetOrCreateAsync(
                $"key{i}",
                async _ =>
                {
                    Interlocked.Increment(ref loads);
                    await gate.Task;
                    return 7;
                }).AsTask()).ToArray();
            await Eventually.IsTrueAsync(() => Volatile.Read(ref loads) > 0, "somebody loads");
            gate.SetResult();
            (await Task.WhenAll(callers)).ShouldAllBe(v => v == 7);
            loads.ShouldBe(1);
        }
    }

    sealed class Race : IAsyncDisposable
    {
        static int _spaces;
        readonly TierFixture _fixture;
        readonly CategoryOptions _category;
        readonly string _space = $"race{Interlocked.Increment(ref _spaces)}";
        readonly TaskCompletionSource _runs = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int _calls;

        Race(TierFixture fixture, CategoryOptions category)
        {
            _fixture = fixture;
            _category = category;
        }

        public long Source { get; set; } = 1;

        public CacheNode A { get; private set; } = null!;

        public CacheNode B { get; private set; } = null!;

        public Task LoadRuns => _runs.Task;

        public bool LoadEnded { get; private set; }

        public static async Task<Race> BeginAsync(TierFixture fixture, string what, CategoryOptions category)
        {
            var race = new Race(fixture, category);
            race.A = await race.NodeAsync();
            race.B = await race.NodeAsync();
            what.ShouldNotBeEmpty();
            return race;
        }

        public Task<CacheNode> NodeAsync() => new CacheNode(_fixture.Options(_space), _category).ReadyAsync();

        /// <summary>The first call reads the source and hangs until <see cref="EndLoad"/>; later ones are quick.</summary>
        public async ValueTask<long> SlowFactory(CancellationToken cancellation)
        {
            var seen = Source;
            if (Interlocked.Increment(ref _calls) == 1)
            {
                _runs.SetResult();
                await _end.Task;
                LoadEnded = true;
            }

            return seen;
        }

        public void EndLoad() => _end.SetResult();

        public async Task<long> ReadAsync(CacheNode node) => await node.Values.GetOrCreateAsync("a/k", _ => ValueTask.FromResult(Source), ["t"]);

        public async Task ColdNodeReadsAsync(long expected, string what)
        {
            await using var cold = await NodeAsync();
            (await ReadAsync(cold)).ShouldBe(expected, what + " (cold node)");
        }

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
        }
    }
}
