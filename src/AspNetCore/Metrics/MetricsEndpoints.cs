using System.Diagnostics.Metrics;
using Fettle.Caching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary><c>GET /metrics</c>: Prometheus text, OpenMetrics when asked for, or a JSON summary for <c>Accept: application/json</c>.</summary>
internal static class MetricsEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, FettleOptions options)
    {
        var endpoint = routes.MapGet("/metrics", (HttpContext context, MetricsCollector collector, RequestWindow window, ProcessUsage usage, IServiceProvider services) =>
        {
            context.Response.Headers.Vary = "Accept";
            if (context.Request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase))
            {
                return Results.Json(Summary(window, usage, collector, services.GetService<FettleCache>()), MetricsJson.Default.MetricsSummary);
            }

            var openMetrics = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase);
            return Results.Text(PrometheusText.Render(collector.Collect(), openMetrics), openMetrics ? PrometheusText.OpenMetricsType : PrometheusText.ContentType);
        });
        if (!options.OpenMetrics)
        {
            // A scraper sends no token; the listener is what keeps others out.
            endpoint.RequireAuthorization(DashboardEndpoints.Policy);
        }
    }

    /// <summary><c>GET /fettle/metrics</c>: every instrument with every series, as JSON.</summary>
    public static void MapAll(RouteGroupBuilder admin) => admin.MapGet("/metrics", (MetricsCollector collector) =>
        Results.Json(new MetricsDocument(MetricsDocument.CurrentSchema, [.. collector.Collect().Select(Describe)]), FettleJson.Default.MetricsDocument));

    static InstrumentFigures Describe(InstrumentSeries instrument) => new(
        instrument.Name, instrument.Help, instrument.Family.ToString().ToLowerInvariant(),
        [.. instrument.Series.Values.OrderBy(s => s.Labels, StringComparer.Ordinal).Select(s => s.Bounds is { } bounds
            ? new SeriesFigures(MetricLabels.All(s.Labels), s.Value, s.Count, bounds, s.BucketCounts())
            : new SeriesFigures(MetricLabels.All(s.Labels), s.Value, null, null, null))]);

    static MetricsSummary Summary(RequestWindow window, ProcessUsage usage, MetricsCollector collector, FettleCache? cache)
    {
        var snapshot = window.Snapshot();
        var (cpu, memory, memoryPercent) = usage.Read();
        return new MetricsSummary(
            window.Uptime.TotalSeconds,
            window.Total,
            Math.Round(snapshot.PerSecond, 3),
            new ResponseTimes(
                Math.Round(snapshot.AverageMs, 3), Math.Round(snapshot.QuantileMs(0.5), 3),
                Math.Round(snapshot.QuantileMs(0.95), 3), Math.Round(snapshot.QuantileMs(0.99), 3)),
            new SystemUsage(Math.Round(cpu, 1), Math.Round(memory, 1), Math.Round(memoryPercent, 2)),
            CacheUsage.From(collector.Collect(), cache));
    }
}

/// <summary>The body of <c>GET /fettle/metrics</c>.</summary>
internal sealed record MetricsDocument(string Schema, IReadOnlyList<InstrumentFigures> Instruments)
{
    public const string CurrentSchema = "fettle.metrics/1";
}

/// <summary>One instrument under its Prometheus name.</summary>
internal sealed record InstrumentFigures(string Name, string Help, string Type, IReadOnlyList<SeriesFigures> Series);

/// <summary>One set of labels; a histogram's <c>value</c> is its sum, and its counts belong to the bounds and, last, to what is above them.</summary>
internal sealed record SeriesFigures(IReadOnlyDictionary<string, string> Labels, double Value, long? Count, double[]? Bounds, long[]? Counts);

/// <summary>The JSON form of <c>/metrics</c>; response times are quantiles of the last minute.</summary>
internal sealed record MetricsSummary(
    double UptimeSeconds, long RequestCount, double RequestsPerSecond, ResponseTimes ResponseTimes, SystemUsage System, CacheUsage Cache);

internal sealed record ResponseTimes(double AvgMs, double P50Ms, double P95Ms, double P99Ms);

internal sealed record SystemUsage(double CpuPercent, double MemoryMb, double MemoryPercent);

/// <summary>Read from the cache library's own counters; a rate needs at least one request.</summary>
/// <param name="Enabled">Whether the service has a cache.</param>
/// <param name="HitRate">Hits in parts of the reads of the memory tier since the start; null before the first.</param>
/// <param name="TotalKeys">Entries in memory, of all categories.</param>
/// <param name="Requests">Those reads.</param>
internal sealed record CacheUsage(bool Enabled, double? HitRate, long TotalKeys, long Requests)
{
    public const string RequestsMetric = "fettle_cache_requests_total";

    public static CacheUsage From(IReadOnlyList<InstrumentSeries> instruments, FettleCache? cache)
    {
        var (hits, all) = Count(instruments);
        return new CacheUsage(cache is not null || all > 0, all > 0 ? Math.Round(hits / all, 4) : null, cache?.Categories.Sum(c => (long)c.Count) ?? 0, (long)all);
    }

    public static (double Hits, double Reads) Count(IReadOnlyList<InstrumentSeries> instruments)
    {
        // Reads of the memory tier are hits and misses; stale answers are among the hits, joined loads among the misses.
        double hits = 0, all = 0;
        foreach (var series in instruments.Where(i => i.Name == RequestsMetric).SelectMany(i => i.Series.Values))
        {
            if (MetricLabels.Read(series.Labels, "tier") is null or "memory" && MetricLabels.Read(series.Labels, "result") is ("hit" or "miss"))
            {
                all += series.Value;
                hits += MetricLabels.Read(series.Labels, "result") == "hit" ? series.Value : 0;
            }
        }

        return (hits, all);
    }
}

/// <summary>CPU since the last reading (100 % is one core) and the working set of this process.</summary>
internal sealed class ProcessUsage : IDisposable
{
    readonly TimeProvider _time;
    readonly Meter _meter = new("Fettle.Process");
    readonly Lock _lock = new();
    long _at;
    TimeSpan _cpu = Environment.CpuUsage.TotalTime;
    double _percent;

    public ProcessUsage(TimeProvider time)
    {
        (_time, _at) = (time, time.GetTimestamp());
        _meter.CreateObservableGauge("fettle.process.memory.limit", () => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "By", "Memory that the process may use: the container's limit or the machine's");
    }

    public void Dispose() => _meter.Dispose();

    public (double CpuPercent, double MemoryMb, double MemoryPercent) Read()
    {
        lock (_lock)
        {
            var elapsed = _time.GetElapsedTime(_at);
            if (elapsed > TimeSpan.FromMilliseconds(100))
            {
                var cpu = Environment.CpuUsage.TotalTime;
                _percent = 100 * (cpu - _cpu) / elapsed;
                _cpu = cpu;
                _at = _time.GetTimestamp();
            }

            var memory = Environment.WorkingSet;
            return (_percent, memory / (1024.0 * 1024), 100.0 * memory / GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        }
    }
}
