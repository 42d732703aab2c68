using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class RequestMetricsTests
{
    const string Durations = "http_server_request_duration_seconds";
    const string Active = "http_server_active_requests";

    /// <summary>ASP.NET Core's own meter is the oracle: the same requests, the same labels.</summary>
    [Fact]
    public async Task Labels_AreThoseOfTheFrameworksMeter()
    {
        const string prefix = "/oracle-of-labels";
        var heard = new ConcurrentQueue<string>();
        using var listener = Listen(prefix, heard);
        await using var service = await ServiceUnderTest.StartAsync(map: app =>
        {
            app.MapGet(prefix + "/items/{id}", (int id) => id);
            app.MapMethods(prefix + "/any", ["GET", "POST", "BREW"], () => "any");
            app.MapGet(prefix + "/boom", string () => throw new InvalidOperationException());
            app.MapGet(prefix + "/refused", string () => throw new BadHttpRequestException("no"));
            app.MapGet(prefix + "/gone", () => Results.StatusCode(410));
            app.MapGet(prefix + "/down", () => Results.StatusCode(503));
            app.MapGet(prefix + "/hidden", () => "hidden").DisableHttpMetrics();
        });
        string[] asked = ["GET items/1", "GET items/2", "POST any", "BREW any", "GET boom", "GET refused", "GET gone", "GET down", "GET hidden", "GET items/1"];
        foreach (var one in asked.Select(a => a.Split(' ')))
        {
            using var request = new HttpRequestMessage(new HttpMethod(one[0]), $"{prefix}/{one[1]}");
            await service.Client.SendAsync(request);
        }

        var collector = service.Services.GetRequiredService<MetricsCollector>();
        string[] Recorded() => [.. Series(collector, Durations).Where(s => s.Labels.Contains(prefix, StringComparison.Ordinal))
            .SelectMany(s => Enumerable.Repeat(s.Labels, (int)s.Count)).Select(Sorted).Order(StringComparer.Ordinal)];
        await Eventually.IsTrueAsync(() => heard.Count >= asked.Length - 1 && Recorded().Length >= asked.Length - 1, "all are recorded");

        Recorded().ShouldBe(heard.Select(Sorted).Order(StringComparer.Ordinal));
        heard.ShouldContain(l => l.Contains("http_request_method=\"_OTHER\"", StringComparison.Ordinal));
        heard.ShouldContain(l => l.Contains("error_type=\"System.InvalidOperationException\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RequestUnderWay_IsCountedUntilItEnds()
    {
        var (begun, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapPatch("/wait", async () =>
        {
            begun.SetResult();
            await end.Task;
        }));
        var collector = service.Services.GetRequiredService<MetricsCollector>();
        double UnderWay() => Series(collector, Active).Single(s => s.Labels == "http_request_method=\"PATCH\",url_scheme=\"http\"").Value;

        var answer = service.Client.PatchAsync("/wait", null);
        await begun.Task;
        UnderWay().ShouldBe(1);

        end.SetResult();
        await answer;
        await Eventually.IsTrueAsync(() => UnderWay() == 0, "it has ended");
    }

    [Fact]
    public async Task WithoutMetrics_NothingIsRecordedButTheWindow()
    {
        await using var service = await ServiceUnderTest.StartAsync(o => o.CollectMetrics = false, map: app => app.MapGet("/work", () => "done"));
        await service.Client.GetStringAsync("/work");

        service.Services.GetRequiredService<MetricsCollector>().Collect().ShouldBeEmpty();
        await Eventually.IsTrueAsync(() => service.Services.GetRequiredService<RequestWindow>().Total >= 1, "the window has it");
    }

    /// <summary>More sets than a route remembers still find their series.</summary>
    [Fact]
    public async Task ManyStatuses_AreCountedApart()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/status/{code}", (int code) => Results.StatusCode(code)));
        for (var round = 0; round < 2; round++)
        {
            for (var code = 400; code < 430; code++)
            {
                await service.Client.GetAsync($"/status/{code.ToString(CultureInfo.InvariantCulture)}");
            }
        }

        var collector = service.Services.GetRequiredService<MetricsCollector>();
        MetricSeries[] Counted() => [.. Series(collector, Durations).Where(s => s.Labels.Contains("/status/{code}", StringComparison.Ordinal))];
        await Eventually.IsTrueAsync(() => Counted().Sum(s => s.Count) == 60, "all are recorded");
        Counted().Length.ShouldBe(30);
        Counted().ShouldAllBe(s => s.Count == 2);
    }

    [Fact]
    public void ValuesOfManyThreads_AllCount()
    {
        const int threads = 8, each = 20_000;
        var series = new MetricSeries("", MetricsCollector.DurationBounds);
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, t =>
        {
            for (var i = 0; i < each; i++)
            {
                series.Observe(0.0078125 * (1 + t % 2));
            }
        });

        series.Count.ShouldBe(threads * each);
        series.Value.ShouldBe(threads * each * 0.0078125 * 1.5);
        series.BucketCounts().Where(c => c > 0).ShouldBe([threads / 2 * each, threads / 2 * each]);
    }

    static IEnumerable<MetricSeries> Series(MetricsCollector collector, string name) => collector.Collect().Where(i => i.Name == name).SelectMany(i => i.Series.Values);

    static string Sorted(string labels) => string.Join(',', MetricLabels.All(labels).Select(l => $"{l.Key}={l.Value}"));

    /// <summary>Hears the framework's durations of routes with a prefix; others run services meanwhile.</summary>
    static MeterListener Listen(string prefix, ConcurrentQueue<string> heard)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, on) =>
            {
                if (instrument is { Name: "http.server.request.duration", Meter.Name: "Microsoft.AspNetCore.Hosting" })
                {
                    on.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            var all = tags.ToArray();
            if (all.Any(t => t.Key == "http.route" && ((string)t.Value!).StartsWith(prefix, StringComparison.Ordinal)))
            {
                heard.Enqueue(string.Join(',', all.Select(t => $"{t.Key.Replace('.', '_')}=\"{t.Value}\"")));
            }
        });
        listener.Start();
        return listener;
    }
}
