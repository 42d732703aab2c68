using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class WarmingTests
{
    sealed class Warmer(CacheNode node, Func<string, string?> load) : ICacheWarmer
    {
        public string Category => "values";

        public IReadOnlyList<string> Popular { get; private set; } = [];

        public async IAsyncEnumerable<string> KeysAsync(WarmRequest request, IReadOnlyList<string> popular, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Popular = popular;
            for (var i = 0; i < 1000; i++)
            {
                await Task.Yield();
                yield return $"k{i}";
            }
        }

        public async ValueTask WarmAsync(string key, CancellationToken cancellationToken) =>
            await node.Values.GetOrCreateAsync(key, _ => ValueTask.FromResult(load(key)), cancellationToken: cancellationToken);
    }

    [Fact]
    public async Task TwoHundredKeys_AreHitsAfterwards_AndOneFailureDoesNotEndIt()
    {
        await using var node = new CacheNode(new ManualTime());
        var warming = new CacheWarming(node.Cache, [new Warmer(node, k => k == "k7" ? throw new IOException("bad row") : k)]);
        var done = await warming.RunAsync(new WarmRequest { RatePerSecond = 1_000_000 });
        done.Items.ShouldBe(199);
        done.Errors.ShouldBe(1);
        done.FirstError.ShouldBe("k7: bad row");
        done.Bytes.ShouldBeGreaterThan(0);
        node.Values.TryGet("k199", out _).ShouldBeTrue();
        node.Values.TryGet("k200", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task FirstMinute_ShowsTheHitRateColdAgainstWarmed()
    {
        var time = new ManualTime();
        await using var node = new CacheNode(time);
        node.Values.GetStatistics().FirstMinute.ShouldBeNull();
        await node.Get("k1", "asked before");
        var warming = new CacheWarming(node.Cache, [new Warmer(node, k => k)]);
        await warming.RunAsync(new WarmRequest { Limit = 10, RatePerSecond = 1_000_000 });
        await warming.RunAsync(new WarmRequest { Limit = 10, RatePerSecond = 1_000_000 });
        time.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 5; i++)
        {
            // k0, twice, by both ways: the first would have been a miss; k1 was there before.
            (await node.Get("k0", "?")).ShouldBe("k0");
            node.Values.TryGet("k1", out _).ShouldBeTrue();
        }

        node.Values.TryGet("k2", out _).ShouldBeTrue();
        await node.Get("cold", "x");
        time.Advance(TimeSpan.FromSeconds(31));
        await node.Get("k3", "?");

        var minute = node.Values.GetStatistics().FirstMinute!;
        minute.Seconds.ShouldBe(60);
        minute.Requests.ShouldBe(12);
        minute.HitRatePercent!.Value.ShouldBe(100 * 11 / 12.0, 1e-9);
        minute.ColdHitRatePercent!.Value.ShouldBe(100 * 9 / 12.0, 1e-9);
        (minute.WarmedKeys, minute.AskedKeys).ShouldBe((9, 2));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(5_000)]
    [InlineData(300_000)]
    public async Task PopularKeys_AreCountedCloseEnough(int hits)
    {
        await using var node = new CacheNode(new ManualTime());
        await node.Get("often", "x");
        for (var i = 0; i < hits; i++)
        {
            node.Values.TryGet("often", out _).ShouldBeTrue();
        }

        node.Values.GetStatistics().TopKeys.Single().Hits.ShouldBeInRange((long)(0.75 * hits), (long)(1.25 * hits));
    }

    [Fact]
    public async Task Cancelled_Stops()
    {
        await using var node = new CacheNode(new ManualTime());
        using var stop = new CancellationTokenSource();
        var warming = new CacheWarming(node.Cache, [new Warmer(node, k =>
        {
            stop.Cancel();
            return k;
        })]);
        await Should.ThrowAsync<OperationCanceledException>(warming.RunAsync(new WarmRequest { RatePerSecond = 1_000_000 }, cancellationToken: stop.Token));
        node.Values.Count.ShouldBeLessThan(200);
    }

    [Fact]
    public async Task UnknownMode_NamesTheKnown()
    {
        await using var node = new CacheNode(new ManualTime());
        var warming = new CacheWarming(node.Cache, [new Warmer(node, k => k)]);
        (await Should.ThrowAsync<ArgumentException>(warming.RunAsync(new WarmRequest { Mode = "x" }))).Message.ShouldContain("allowed: full, values");
    }

    [Fact]
    public async Task Popularity_SurvivesARestart_AndADamagedFileIsIgnored()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("fettle").FullName, "popular.json");
        await using (var before = new CacheNode(new ManualTime()))
        {
            await before.Get("often", "x");
            for (var i = 0; i < 2000; i++)
            {
                before.Values.TryGet("often", out _).ShouldBeTrue();
            }

            before.Values.GetStatistics().TopKeys.Single().Hits.ShouldBeInRange(1200, 2800);
            await PopularityFile.SaveAsync(before.Cache, path);
        }

        await using var after = new CacheNode(new ManualTime());
        (await PopularityFile.LoadAsync(after.Cache, path)).ShouldBeTrue();
        var warmer = new Warmer(after, k => k);
        await new CacheWarming(after.Cache, [warmer]).RunAsync(new WarmRequest { Limit = 1 });
        warmer.Popular.ShouldBe(["often"]);
        await File.WriteAllTextAsync(path, "{");
        (await PopularityFile.LoadAsync(after.Cache, path)).ShouldBeFalse();
    }

    [Fact]
    public async Task Statistics_AndMeters_CountWhatHappened()
    {
        await using var node = new CacheNode(new ManualTime(), options: new CategoryOptions("counted"));
        await node.Get("a", "x");
        await node.Get("a", "x");
        await node.Get("a", "x");
        await node.Values.RemoveAsync("a");
        await node.Get("a", "x");
        var document = JsonDocument.Parse(CacheJson.Write(await node.Cache.GetStatisticsAsync())).RootElement;
        document.GetProperty("schema").GetString().ShouldBe("fettle.cache/1");
        var category = document.GetProperty("categories")[0];
        category.GetProperty("hits").GetInt64().ShouldBe(2);
        category.GetProperty("misses").GetProperty("cold").GetInt64().ShouldBe(1);
        category.GetProperty("misses").GetProperty("invalidated").GetInt64().ShouldBe(1);

        double? rate = null;
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Meter.Name == CacheMeters.MeterName) { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name == CacheMeters.HitRate && tags[0].Value is "counted")
            {
                rate = value;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        rate.ShouldBe(50);
    }
}
