using System.Runtime.CompilerServices;
using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class WarmingScheduleTests
{
    sealed class Warmer(FettleCache cache) : ICacheWarmer
    {
        public TaskCompletionSource? Hold { get; set; }

        public string Category => "values";

        public static CacheCategory<string> Values(FettleCache cache) => cache.Category<string>(new CategoryOptions("values"));

        public async IAsyncEnumerable<string> KeysAsync(WarmRequest request, IReadOnlyList<string> popular, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            foreach (var key in popular.Append("always"))
            {
                yield return key;
            }
        }

        public async ValueTask WarmAsync(string key, CancellationToken cancellationToken)
        {
            if (Hold is { } hold)
            {
                await hold.Task.WaitAsync(cancellationToken);
            }

            await Values(cache).GetOrCreateAsync(key, _ => ValueTask.FromResult(key), cancellationToken: cancellationToken);
        }
    }

    static (FettleCache Cache, Warmer Warmer, WarmingSchedule Schedule, List<WarmProgress> Ended) Make(ManualTime time, Action<WarmingScheduleOptions>? configure = null)
    {
        var cache = new FettleCache(new FettleCacheOptions { Time = time });
        Warmer.Values(cache);
        var warmer = new Warmer(cache);
        var ended = new List<WarmProgress>();
        var options = new WarmingScheduleOptions
        {
            Request = new WarmRequest { RatePerSecond = 1_000_000 },
            Ended = (done, _) =>
            {
                lock (ended)
                {
                    ended.Add(done);
                }
            },
        };
        configure?.Invoke(options);
        return (cache, warmer, new WarmingSchedule(cache, new CacheWarming(cache, [warmer]), options), ended);
    }

    static int Count(List<WarmProgress> ended)
    {
        lock (ended)
        {
            return ended.Count;
        }
    }

    [Fact]
    public async Task Start_IsWarmOnlyWhenTheFirstWarmingHasEnded()
    {
        var (cache, warmer, schedule, ended) = Make(new ManualTime());
        await using var _ = cache;
        warmer.Hold = new TaskCompletionSource();
        await schedule.StartAsync();
        schedule.IsWarm.ShouldBeFalse();
        warmer.Hold.SetResult();
        await Eventually.IsTrueAsync(() => schedule.IsWarm, "warm");
        await schedule.DisposeAsync();
        ended.Single().Items.ShouldBe(1);
        Warmer.Values(cache).TryGet("always", out var _).ShouldBeTrue();
    }

    [Fact]
    public async Task ScheduleAndEvents_EachWarmOnce()
    {
        var time = new ManualTime();
        var (cache, _, schedule, ended) = Make(time, o => (o.AtStart, o.Every) = (false, TimeSpan.FromMinutes(10)));
        await using var __ = cache;
        schedule.IsWarm.ShouldBeTrue();
        await schedule.StartAsync();
        await Eventually.IsTrueAsync(() => time.Timers > 0, "the schedule waits");
        Count(ended).ShouldBe(0);
        time.Advance(TimeSpan.FromMinutes(10));
        await Eventually.IsTrueAsync(() => Count(ended) == 1, "warmed on schedule");
        schedule.Notify();
        await Eventually.IsTrueAsync(() => Count(ended) == 2, "warmed on the event");
        await schedule.DisposeAsync();
        await schedule.DisposeAsync();
        Count(ended).ShouldBe(2);
    }

    [Fact]
    public async Task PopularKeys_AreWarmAfterARestart_AndTheFirstMinuteHitsMore()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("fettle-warm-").FullName, "popular.json");
        var time = new ManualTime();
        var (before, _, saving, _) = Make(time, o => (o.AtStart, o.PopularityPath) = (false, path));
        await saving.StartAsync();
        await AskAsync(before, 1, 30_000);
        await saving.DisposeAsync();
        await before.DisposeAsync();

        var (cold, _, _, _) = Make(time);
        var (warm, _, warming, _) = Make(time, o => o.PopularityPath = path);
        await warming.StartAsync();
        await Eventually.IsTrueAsync(() => warming.IsWarm, "warm");

        // A minute at ten requests a second.
        var (coldRate, warmRate) = (await AskAsync(cold, 2, 600), await AskAsync(warm, 2, 600));
        warmRate.ShouldBeGreaterThan(coldRate + 8, $"cold {coldRate:F1} %, warmed {warmRate:F1} %");
        await warming.DisposeAsync();
        await cold.DisposeAsync();
        await warm.DisposeAsync();
    }

    /// <summary>Zipf-like: the share of hits among the requests, in percent.</summary>
    static async Task<double> AskAsync(FettleCache cache, int seed, int requests)
    {
        var random = new Random(seed);
        var values = Warmer.Values(cache);
        var hits = 0;
        for (var i = 0; i < requests; i++)
        {
            var key = $"k{(int)Math.Pow(5000, random.NextDouble())}";
            hits += values.TryGet(key, out _) ? 1 : 0;
            await values.GetOrCreateAsync(key, _ => ValueTask.FromResult("v"));
        }

        return 100.0 * hits / requests;
    }
}
