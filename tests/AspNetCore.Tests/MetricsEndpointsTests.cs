using Microsoft.Extensions.DependencyInjection;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore.Tests;

public sealed class MetricsEndpointsTests
{
    [Fact]
    public async Task Prometheus_CountsRequestsByRoute()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/items/{id}", (int id) => id));
        for (var i = 0; i < 5; i++)
        {
            await service.Client.GetStringAsync($"/items/{i}");
        }

        var text = await Until(service, t => t.Contains("http_route=\"/items/{id}\"", StringComparison.Ordinal));
        var count = text.Split('\n').Single(l => l.StartsWith("http_server_request_duration_seconds_count", StringComparison.Ordinal) && l.Contains("/items/{id}", StringComparison.Ordinal));

        count.ShouldNotContain("/items/1");
        double.Parse(count.Split(' ')[^1], CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(5);
    }

    [RequiresToolFact("promtool")]
    public async Task Prometheus_TextPassesPromtool()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/odd/{name}", (string name) => name));
        await service.Client.GetAsync("/odd/x");
        var text = await service.Client.GetStringAsync("/metrics");

        var start = new ProcessStartInfo("/usr/bin/promtool") { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("check");
        start.ArgumentList.Add("metrics");
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var complaint = await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();

        // Exit code 3 is style advice about names that the runtime's own meters chose; 1 is a malformed document.
        promtool.ExitCode.ShouldNotBe(1, complaint);
    }

    [Fact]
    public async Task OpenMetrics_NamesCountersWithoutTotalAndEnds()
    {
        using var meter = new Meter("Fettle.OpenMetricsTest");
        await using var service = await ServiceUnderTest.StartAsync();
        meter.CreateCounter<long>("fettle.opened", "{door}", "Doors").Add(3);
        var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.ParseAdd("application/openmetrics-text; version=1.0.0");
        var answer = await service.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();

        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/openmetrics-text");
        text.ShouldContain("# TYPE fettle_opened counter\nfettle_opened_total 3\n");
        text.ShouldEndWith("\n# EOF\n");
        text.ShouldNotContain("# TYPE fettle_opened_total");
    }

    [Fact]
    public void CacheUsage_CountsReadsOfTheMemoryTierOnce()
    {
        using var meter = new Meter("Fettle.CacheUsageTest");
        using var collector = new MetricsCollector();
        var counter = meter.CreateCounter<long>("fettle.cache.requests", null, "Of this test: others have caches meanwhile");
        void Add(string tier, string result, long value) => counter.Add(value, new("tier", tier), new("result", result));
        Add("memory", "hit", 30);
        Add("memory", "stale", 10);
        Add("memory", "miss", 10);
        Add("memory", "coalesced", 5);
        Add("second", "hit", 7);

        var (hits, reads) = CacheUsage.Count([.. collector.Collect().Where(i => i.Help.Contains("Of this test", StringComparison.Ordinal))]);

        hits.ShouldBe(30);
        reads.ShouldBe(40);
    }

    [Fact]
    public async Task Json_HoldsQuantilesOfTheLastMinute()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", () => "done"));
        for (var i = 0; i < 20; i++)
        {
            await service.Client.GetStringAsync("/work");
        }

        var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.ParseAdd("application/json");
        var answer = await service.Client.SendAsync(request);
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

        json["request_count"]!.GetValue<long>().ShouldBeGreaterThanOrEqualTo(19);
        var times = json["response_times"]!;
        times["p50_ms"]!.GetValue<double>().ShouldBeGreaterThan(0);
        times["p99_ms"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(times["p50_ms"]!.GetValue<double>());
        json["system"]!["memory_mb"]!.GetValue<double>().ShouldBeGreaterThan(1);
        json["cache"]!["enabled"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Json_CountsTheKeysOfTheCache()
    {
        await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddFettleCache());
        var cache = service.Services.GetRequiredService<Fettle.Caching.FettleCache>();
        var category = cache.Category<string>(new Fettle.Caching.CategoryOptions("names") { UseSecondTier = false });
        await category.SetAsync("a", "1");
        await category.SetAsync("b", "2");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.ParseAdd("application/json");

        var json = JsonNode.Parse(await (await service.Client.SendAsync(request)).Content.ReadAsStringAsync())!["cache"]!;

        ((bool)json["enabled"]!).ShouldBeTrue();
        ((long)json["total_keys"]!).ShouldBe(2);
        json["hit_rate"].ShouldBeNull();
    }

    [Fact]
    public async Task EveryInstrument_IsThereAsJsonForTheAdmin()
    {
        using var meter = new Meter("Fettle.Tests.AllJson");
        await using var service = await ServiceUnderTest.StartAsync();
        meter.CreateCounter<long>("fettle.tests.all").Add(3, new("file.name", "a\"b\\c\nd"), new("n", 1));
        meter.CreateHistogram<double>("fettle.tests.took", "s").Record(0.002);

        var instruments = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/metrics"))!["instruments"]!.AsArray();
        var counter = instruments.Single(i => (string)i!["name"]! == "fettle_tests_all_total")!;
        var histogram = instruments.Single(i => (string)i!["name"]! == "fettle_tests_took_seconds")!["series"]![0]!;

        ((string)counter["series"]![0]!["labels"]!["file_name"]!).ShouldBe("a\"b\\c\nd");
        ((string)counter["series"]![0]!["labels"]!["n"]!).ShouldBe("1");
        ((double)counter["series"]![0]!["value"]!).ShouldBe(3);
        ((long)histogram["count"]!).ShouldBe(1);
        histogram["counts"]!.AsArray().Count.ShouldBe(histogram["bounds"]!.AsArray().Count + 1);
    }

    [Fact]
    public void InstrumentThatThrows_HidesNoOther()
    {
        using var meter = new Meter("Fettle.Tests.Throwing");
        using var collector = new MetricsCollector();
        meter.CreateObservableGauge("fettle.tests.broken", int () => throw new InvalidOperationException("not now"));
        meter.CreateObservableGauge("fettle.tests.whole", () => 7);

        collector.Collect().Single(i => i.Name == "fettle_tests_whole").Series.Values.Single().Value.ShouldBe(7);
    }

    [Fact]
    public async Task NewestTuningRun_IsCountedByVerdict()
    {
        var state = Directory.CreateTempSubdirectory("fettle-tuned-").FullName;
        try
        {
            void Write(string run, string text)
            {
                Directory.CreateDirectory(Path.Combine(state, "runs", run));
                File.WriteAllText(Path.Combine(state, "runs", run, "result.json"), text);
            }

            Write("20260101", """{"verdicts":[{"subject":"old","verdict":"kept"}]}""");
            Write("20260102", """{"verdicts":[{"subject":"a","verdict":"rolled back"},{"subject":"b","verdict":"rolled back"},{"subject":"c","verdict":"kept"},{"subject":"total","verdict":"kept"}]}""");
            await using var service = await ServiceUnderTest.StartAsync(o => o.StateFolder = state);
            var text = await service.Client.GetStringAsync("/metrics");
            text.ShouldContain("fettle_tuning_actions{verdict=\"rolled back\"} 2\n");
            text.ShouldContain("fettle_tuning_actions{verdict=\"kept\"} 1\n");

            Write("20260103", "{ being written");
            (await service.Client.GetStringAsync("/metrics")).ShouldContain("fettle_tuning_actions{verdict=\"rolled back\"} 2\n");
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public void LabelValues_AreEscaped()
    {
        using var meter = new Meter("Fettle.Tests.Escaping");
        var counter = meter.CreateCounter<long>("fettle.tests.things");
        using var collector = new MetricsCollector();
        counter.Add(2, new KeyValuePair<string, object?>("file.name", "a\"b\\c\nd"));

        PrometheusText.Render(collector.Collect()).ShouldContain("fettle_tests_things_total{file_name=\"a\\\"b\\\\c\\nd\"} 2\n");
    }

    /// <summary>Equal tags that are other objects, the same objects again, and tags that differ in one place only.</summary>
    [Fact]
    public void TagsInAnyForm_FindTheirSeries()
    {
        using var meter = new Meter("Fettle.Tests.Forms");
        var counter = meter.CreateCounter<long>("fettle.tests.forms");
        using var collector = new MetricsCollector();
        var random = new Random(1);
        var expected = new Dictionary<string, long>();
        object?[] values = ["a", "b", new string('a', 1), 1, 1L, true, null, 2.5, "1", new Uri("http://h/")];
        for (var i = 0; i < 5_000; i++)
        {
            var tags = Enumerable.Range(0, random.Next(3)).Select(t => new KeyValuePair<string, object?>(random.Next(8) == 0 ? $"u{t}" : $"t{t}", values[random.Next(values.Length)])).ToArray();
            counter.Add(1, tags);
            var labels = string.Join(',', tags.Select(t => $"{t.Key}=\"{(t.Value is bool flag ? (flag ? "true" : "false") : Convert.ToString(t.Value, CultureInfo.InvariantCulture))}\""));
            expected[labels] = expected.GetValueOrDefault(labels) + 1;
        }

        var series = collector.Collect().Single(i => i.Name == "fettle_tests_forms_total").Series.Values;
        series.ToDictionary(s => s.Labels, s => (long)s.Value).OrderBy(s => s.Key, StringComparer.Ordinal).ShouldBe(expected.OrderBy(s => s.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void SeriesPastTheBound_ShareOne()
    {
        using var meter = new Meter("Fettle.Tests.Cardinality");
        var counter = meter.CreateCounter<long>("fettle.tests.users");
        using var collector = new MetricsCollector();
        for (var i = 0; i < MetricsCollector.SeriesPerInstrument + 500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("user", i));
        }

        var series = collector.Collect().Single(i => i.Name == "fettle_tests_users_total").Series;
        series.Count.ShouldBeLessThanOrEqualTo(MetricsCollector.SeriesPerInstrument + 1);
        series.Values.Sum(s => s.Value).ShouldBe(MetricsCollector.SeriesPerInstrument + 500);
        series.Values.Single(s => s.Labels.Contains("otel_metric_overflow", StringComparison.Ordinal)).Value.ShouldBe(500);
    }

    [Fact]
    public void Histogram_CountsAreCumulative()
    {
        using var meter = new Meter("Fettle.Tests.Histogram");
        var histogram = meter.CreateHistogram<double>("fettle.tests.duration", "s");
        using var collector = new MetricsCollector();
        foreach (var value in new[] { 0.00005, 0.0002, 0.0002, 0.004, 100 })
        {
            histogram.Record(value);
        }

        var lines = PrometheusText.Render(collector.Collect()).Split('\n').Where(l => l.StartsWith("fettle_tests_duration_seconds", StringComparison.Ordinal)).ToArray();

        lines.ShouldContain("fettle_tests_duration_seconds_bucket{le=\"0.0001\"} 1");
        lines.ShouldContain("fettle_tests_duration_seconds_bucket{le=\"0.00025\"} 3");
        lines.ShouldContain("fettle_tests_duration_seconds_bucket{le=\"0.005\"} 4");
        lines.ShouldContain("fettle_tests_duration_seconds_bucket{le=\"10\"} 4");
        lines.ShouldContain("fettle_tests_duration_seconds_bucket{le=\"+Inf\"} 5");
        lines.ShouldContain("fettle_tests_duration_seconds_count 5");
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", "Histogram", "http_server_request_duration_seconds")]
    [InlineData("fettle.cache.requests", "{request}", "Counter", "fettle_cache_requests_total")]
    [InlineData("cache_hit_rate_percent", "%", "Gauge", "cache_hit_rate_percent")]
    [InlineData("2xx.answers", null, "Counter", "_2xx_answers_total")]
    [InlineData("process.memory", "By", "Gauge", "process_memory_bytes")]
    public void Name_FollowsPrometheusCustom(string name, string? unit, string family, string expected) =>
        PrometheusText.Name(name, unit, Enum.Parse<MetricFamily>(family)).ShouldBe(expected);

    // The hosting meter records a request after its answer has been sent, so the last one may still be on its way.
    static async Task<string> Until(ServiceUnderTest service, Func<string, bool> enough)
    {
        string text;
        do
        {
            text = await service.Client.GetStringAsync("/metrics");
        }
        while (!enough(text));

        return text;
    }
}
