using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class CategoryTests
{
    readonly ManualTime _time = new();

    CacheNode Node(CategoryOptions? options = null, FakeServer? server = null) => new(_time, server, options);

    [Fact]
    public async Task TwentyCallersOfAMissingKey_OneLoad()
    {
        await using var node = Node();
        var loads = 0;
        var release = new TaskCompletionSource();
        var calls = Enumerable.Range(0, 20).Select(_ => node.Values.GetOrCreateAsync("k", async _ =>
        {
            Interlocked.Increment(ref loads);
            await release.Task;
            return "v";
        }).AsTask()).ToArray();
        release.SetResult();
        (await Task.WhenAll(calls)).ShouldAllBe(v => v == "v");
        loads.ShouldBe(1);
        node.Values.GetStatistics().Coalesced.ShouldBe(19);
    }

    [Fact]
    public async Task Lookups_CountTheirMissesWhenAsked()
    {
        await using var node = Node(new CategoryOptions("values") { TimeToLive = TimeSpan.FromMinutes(1) });
        node.Values.TryGet("k", out _).ShouldBeFalse();
        node.Values.GetStatistics().Misses.Total.ShouldBe(0);
        node.Values.TryGet("k", out _, countMiss: true).ShouldBeFalse();
        node.Values.GetStatistics().Misses.ShouldBe(new CacheMisses(1, 0, 0, 0));
        await node.Values.SetAsync("k", "v");
        node.Values.TryGet("k", out _, countMiss: true).ShouldBeTrue();
        _time.Advance(TimeSpan.FromMinutes(2));
        node.Values.TryGet("k", out _, countMiss: true).ShouldBeFalse();
        node.Values.GetStatistics().Misses.ShouldBe(new CacheMisses(1, 1, 0, 0));
        node.Values.GetStatistics().Hits.ShouldBe(1);
    }

    [Theory]
    [InlineData(36)]
    [InlineData(24 * 400)]
    public async Task TimeToLiveOfManyHours_ExactToTheMillisecond(int hours)
    {
        await using var node = Node(new CategoryOptions("values") { TimeToLive = TimeSpan.FromHours(hours) });
        await node.Values.SetAsync("k", "v");
        _time.Advance(TimeSpan.FromHours(hours) - TimeSpan.FromMilliseconds(1));
        node.Values.TryGet("k", out _).ShouldBeTrue();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        node.Values.TryGet("k", out _).ShouldBeFalse();
        (await node.Get("k", "new")).ShouldBe("new");
        node.Values.GetStatistics().Misses.Expired.ShouldBe(1);
    }

    [Fact]
    public async Task NullValue_IsAValueForTheNegativeTimeToLive()
    {
        await using var node = Node(new CategoryOptions("values") { NegativeTimeToLive = TimeSpan.FromSeconds(5) });
        (await node.Values.GetOrCreateAsync("k", _ => ValueTask.FromResult<string?>(null))).ShouldBeNull();
        node.Values.TryGet("k", out var value).ShouldBeTrue();
        value.ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(5));
        node.Values.TryGet("k", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task FalseValue_IsAHit()
    {
        var flags = new FettleCache().Category<bool>(new CategoryOptions("flags"));
        (await flags.GetOrCreateAsync("k", _ => ValueTask.FromResult(false))).ShouldBeFalse();
        (await flags.GetOrCreateAsync("k", _ => ValueTask.FromResult(true))).ShouldBeFalse();
    }

    [Fact]
    public async Task HangingFactory_TimesOutAndDoesNotHoldTheKey()
    {
        await using var node = Node(new CategoryOptions("values") { LoadTimeout = TimeSpan.FromMilliseconds(100) });
        var late = new TaskCompletionSource<string?>();
        var hung = node.Values.GetOrCreateAsync("k", _ => new ValueTask<string?>(late.Task)).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await Should.ThrowAsync<TimeoutException>(hung);
        (await node.Get("k", "healthy")).ShouldBe("healthy");
        late.SetResult("late");
        (await node.Get("k", "other")).ShouldBe("healthy");
    }

    [Fact]
    public async Task StaleValue_ServedWhileOneReloads_AndWhenTheLoadFails()
    {
        await using var node = Node(new CategoryOptions("values") { TimeToLive = TimeSpan.FromSeconds(10), StaleWindow = TimeSpan.FromSeconds(10) });
        await node.Get("k", "v1");
        _time.Advance(TimeSpan.FromSeconds(12));
        (await node.Values.GetOrCreateAsync("k", _ => throw new IOException("down"))).ShouldBe("v1");
        (await node.Get("k", "v2")).ShouldBe("v1");
        (await node.Get("k", "v3")).ShouldBe("v2");
        node.Values.GetStatistics().StaleServed.ShouldBe(2);
        _time.Advance(TimeSpan.FromSeconds(30));
        await Should.ThrowAsync<IOException>(async () => await node.Values.GetOrCreateAsync("k", _ => throw new IOException("down")));
    }

    [Fact]
    public async Task RefreshAhead_ReloadsInTheBackgroundOnce()
    {
        await using var node = Node(new CategoryOptions("values") { TimeToLive = TimeSpan.FromSeconds(100), RefreshAhead = 0.8 });
        await node.Get("k", "v1");
        _time.Advance(TimeSpan.FromSeconds(79));
        (await node.Get("k", "v2")).ShouldBe("v1");
        node.Values.GetStatistics().Loads.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(2));
        (await node.Get("k", "v2")).ShouldBe("v1");
        (await node.Get("k", "v3")).ShouldBe("v2");
        node.Values.GetStatistics().Loads.ShouldBe(2);
    }

    [Fact]
    public async Task TagPrefixPattern_RemoveWhatTheyNameAndNothingElse()
    {
        await using var node = Node();
        await node.Values.SetAsync("a:1", "x", tags: ["red", "big"]);
        await node.Values.SetAsync("a:2", "x", tags: ["blue"]);
        await node.Values.SetAsync("b:1", "x");
        await node.Values.SetAsync("c:17:z", "x");
        await node.Cache.RemoveByTagAsync("big");
        Present(node).ShouldBe(["a:2", "b:1", "c:17:z"]);
        await node.Values.RemoveByPrefixAsync("a:");
        Present(node).ShouldBe(["b:1", "c:17:z"]);
        await node.Values.RemoveByPatternAsync("c:*:?");
        Present(node).ShouldBe(["b:1"]);
    }

    static string[] Present(CacheNode node) => [.. new[] { "a:1", "a:2", "b:1", "c:17:z" }.Where(k => node.Values.TryGet(k, out _))];

    [Fact]
    public async Task ThousandTagRemovals_RulesStayBoundedAndOthersSurvive()
    {
        await using var node = Node(new CategoryOptions("values") { MaxEntries = 20_000 });
        for (var i = 0; i < 10_000; i++)
        {
            await node.Values.SetAsync($"k{i}", "x", tags: [$"t{i}"]);
        }

        for (var i = 0; i < 1000; i++)
        {
            await node.Cache.RemoveByTagAsync($"t{i}");
        }

        Enumerable.Range(0, 10_000).Count(i => node.Values.TryGet($"k{i}", out _)).ShouldBe(9000);
        node.Cache.CheckIntegrity().ShouldBeNull();
    }

    [Fact]
    public async Task DataVersionRaised_OlderValuesAreMisses()
    {
        var version = 1L;
        await using var node = Node(new CategoryOptions("values") { DataVersion = () => version }, new FakeServer(_time));
        await node.Get("k", "v1");
        version = 2;
        node.Values.TryGet("k", out _).ShouldBeFalse();
        (await node.Get("k", "v2")).ShouldBe("v2");
        (await node.Get("k", "v3")).ShouldBe("v2");
    }

    [Fact]
    public async Task ManyKeys_OneReadOneLoadOfTheMissing()
    {
        var server = new FakeServer(_time);
        await using var node = Node(server: server);
        await using var other = Node(server: server);
        await node.Get("a", "A");
        await other.Get("b", "B");
        var reads = node.Tier.Reads;
        IReadOnlyList<string>? asked = null;
        var values = await node.Values.GetOrCreateManyAsync(["a", "b", "c", "d", "c"], (keys, _) =>
        {
            asked = keys;
            return ValueTask.FromResult<IReadOnlyDictionary<string, string?>>(keys.ToDictionary(k => k, k => (string?)("loaded " + k)));
        });
        asked.ShouldBe(["c", "d"]);
        values.OrderBy(v => v.Key).Select(v => v.Value).ShouldBe(["A", "B", "loaded c", "loaded d"]);
        (node.Tier.Reads - reads).ShouldBe(1);
        (await other.Get("c", "not loaded")).ShouldBe("loaded c");
    }

    [Fact]
    public async Task EntriesAndBytes_StayWithinBounds_AndEvictionsAreTold()
    {
        await using var node = Node(new CategoryOptions("values") { MaxEntries = 100, MaxBytes = 20_000 });
        var told = 0;
        node.Values.Evicted += _ => told++;
        for (var i = 0; i < 1000; i++)
        {
            await node.Values.SetAsync($"k{i}", new string('x', i % 50 * 10));
        }

        var statistics = node.Values.GetStatistics();
        statistics.Bytes.ShouldBeLessThanOrEqualTo(20_000);
        statistics.Entries.ShouldBeLessThanOrEqualTo(100);
        told.ShouldBe(1000 - statistics.Entries);
        node.Cache.CheckIntegrity().ShouldBeNull();
    }

    [Fact]
    public async Task CacheFull_LargestCategoryMakesRoom()
    {
        await using var node = new CacheNode(_time, configure: o => o.MaxBytes = 1 << 20, options: new CategoryOptions("values") { MaxEntries = 100_000 });
        var small = node.Cache.Category<string>(new CategoryOptions("small"));
        await small.SetAsync("s", "stays");
        for (var i = 0; i < 5000; i++)
        {
            await node.Values.SetAsync($"k{i}", new string('x', 200));
        }

        small.TryGet("s", out _).ShouldBeTrue();
        (await node.Cache.GetStatisticsAsync()).Bytes.ShouldBeLessThanOrEqualTo(1 << 20);
        node.Cache.CheckIntegrity().ShouldBeNull();
    }

    [Fact]
    public void WrongOptions_NameValueAndRange()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new CategoryOptions("a") { MaxEntries = 0 }).Message.ShouldContain("MaxEntries is 0; allowed: 1 to 100000000");
        Should.Throw<ArgumentException>(() => new CategoryOptions("no spaces")).Message.ShouldContain("no spaces");
        Should.Throw<ArgumentOutOfRangeException>(() => new CategoryOptions("a") { RefreshAhead = double.NaN });
    }

    [Fact]
    public async Task RandomOperationsOfFourThreads_IntegrityHolds()
    {
        await using var node = Node(new CategoryOptions("values") { MaxEntries = 50, MaxBytes = 30_000 });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 20_000; i++)
            {
                var key = $"k{random.Next(200)}";
                switch (random.Next(12))
                {
                    case 0:
                        await node.Values.RemoveAsync(key);
                        break;
                    case 1:
                        await node.Values.SetAsync(key, new string('s', random.Next(300)), tags: [$"t{random.Next(5)}"]);
                        break;
                    case 2 when i % 50 == 0:
                        await node.Cache.RemoveByTagAsync($"t{random.Next(5)}");
                        break;
                    case 3 when i % 500 == 0:
                        await node.Values.ClearAsync();
                        break;
                    default:
                        await node.Get(key, key, "t1");
                        break;
                }
            }
        })));
        node.Cache.CheckIntegrity().ShouldBeNull();
    }
}
