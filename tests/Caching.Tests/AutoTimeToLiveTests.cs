using Fettle.Caching.Loading;
using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class AutoTimeToLiveTests
{
    /// <summary>The source changes at random moments, on average every <paramref name="meanSeconds"/>.</summary>
    static async Task<(TimeSpan Life, double Stale)> RunAsync(double meanSeconds, double staleness, Func<bool>? isOn = null)
    {
        var time = new ManualTime();
        await using var cache = new FettleCache(new FettleCacheOptions { Time = time, Notice = _ => { } });
        var auto = new AutoTimeToLive { Floor = TimeSpan.FromMilliseconds(100), Ceiling = TimeSpan.FromHours(2), Staleness = staleness, IsOn = isOn };
        var category = cache.Category<string>(new CategoryOptions("c") { TimeToLive = TimeSpan.FromSeconds(10), Auto = auto });
        var random = new Random(7);
        var (next, value, reads, stale) = (0.0, 0, 0, 0);
        for (var now = 0.0; now < meanSeconds * 3000; now += meanSeconds / 50)
        {
            for (; next <= now; next -= meanSeconds * Math.Log(1 - random.NextDouble()))
            {
                value++;
            }

            time.Advance(TimeSpan.FromSeconds(meanSeconds / 50));
            var read = await category.GetOrCreateAsync("k", _ => ValueTask.FromResult($"{value}"));
            if (now > meanSeconds * 1500)
            {
                (reads, stale) = (reads + 1, stale + (read == $"{value}" ? 0 : 1));
            }
        }

        return (TimeSpan.FromMilliseconds(category.GetStatistics().TimeToLiveMilliseconds), (double)stale / reads);
    }

    [Theory]
    [InlineData(60, 0.05)]
    [InlineData(600, 0.05)]
    [InlineData(60, 0.2)]
    public async Task Life_FollowsTheRateOfChangeAndKeepsTheToleratedStaleness(double meanSeconds, double staleness)
    {
        var (life, stale) = await RunAsync(meanSeconds, staleness);
        (life.TotalSeconds / (2 * staleness * meanSeconds)).ShouldBeInRange(0.6, 1.8);
        stale.ShouldBeLessThan(1.7 * staleness);
        stale.ShouldBeGreaterThan(0.2 * staleness);
    }

    [Fact]
    public async Task SwitchOff_TheOwnLifeHolds() =>
        (await RunAsync(60, 0.05, () => false)).Life.ShouldBe(TimeSpan.FromSeconds(10));

    [Fact]
    public void NothingChanges_TheCeilingIsReached_AndEveryChangesTheFloor()
    {
        var options = new AutoTimeToLive { Floor = TimeSpan.FromSeconds(2), Ceiling = TimeSpan.FromMinutes(5), Staleness = 0.05 };
        var still = new TimeToLiveTuner(options, TimeSpan.FromSeconds(10));
        var moving = new TimeToLiveTuner(options, TimeSpan.FromSeconds(10));
        for (var i = 1; i <= 4096; i++)
        {
            still.Observe(1, 5, i * 10_000L);
            moving.Observe(1, i, i * 10_000L);
        }

        still.Current.ShouldBe(TimeSpan.FromMinutes(5));
        moving.Current.ShouldBe(TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData(true, 3600)]
    [InlineData(false, 1)]
    public async Task ValueThatSaysWhenItWasMade_ChangesOnlyWhereThatCounts(bool isPrinted, int seconds)
    {
        var time = new ManualTime();
        await using var cache = new FettleCache(new FettleCacheOptions { Time = time });
        var auto = new AutoTimeToLive { Print = isPrinted ? (string? text) => text!.IndexOf(',', StringComparison.Ordinal) : null };
        var category = cache.Category(new CategoryOptions("c") { TimeToLive = TimeSpan.FromSeconds(10), Auto = auto }, Text.Serializer);
        for (var i = 0; i < 400; i++)
        {
            await category.GetOrCreateAsync("k", _ => ValueTask.FromResult<string?>($"same, made at {i}"));
            time.Advance(TimeSpan.FromMilliseconds(category.GetStatistics().TimeToLiveMilliseconds + 1));
        }

        category.GetStatistics().TimeToLiveMilliseconds.ShouldBe(seconds * 1000);
    }

    [Fact]
    public async Task PrintOfAnotherType_IsRefusedAtOnce()
    {
        await using var cache = new FettleCache();
        var auto = new AutoTimeToLive { Print = (int value) => value };
        Should.Throw<ArgumentException>(() => cache.Category(new CategoryOptions("c") { Auto = auto }, Text.Serializer))
            .Message.ShouldStartWith("Print of category 'c' is a Func<Int32, Int32>; give a Func<String, Int32>");
    }

    [Fact]
    public async Task EveryChange_IsTold()
    {
        var time = new ManualTime();
        var notices = new List<CacheNotice>();
        await using var cache = new FettleCache(new FettleCacheOptions { Time = time, Notice = notices.Add });
        var category = cache.Category(new CategoryOptions("c") { TimeToLive = TimeSpan.FromSeconds(10), Auto = new() }, Text.Serializer);
        for (var i = 0; i < 40; i++)
        {
            await category.GetOrCreateAsync("k", _ => ValueTask.FromResult<string?>("same"));
            time.Advance(TimeSpan.FromMilliseconds(category.GetStatistics().TimeToLiveMilliseconds + 1));
        }

        notices.ShouldNotBeEmpty();
        notices.ShouldAllBe(n => !n.IsWarning && n.Message.StartsWith("category 'c': time to live "));
    }
}
