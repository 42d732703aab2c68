using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary><c>GET /metrics</c>: Prometheus text, OpenMetrics when asked for, or a JSON summary for <c>Accept: application/json</c>.</summary>
internal static class MetricsEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, FettleOptions options)
    {
        var endpoint = routes.MapGet("/metrics", (HttpContext context, MetricsCollector collector, RequestWindow window, ProcessUsage usage) =>
        {
            context.Response.Headers.Vary = "Accept";
            if (context.Request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase))
            {
                return Results.Json(Summary(window, usage, collector), MetricsJson.Default.MetricsSummary);
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

    static MetricsSummary Summary(RequestWindow window, ProcessUsage usage, MetricsCollector collector)
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
            CacheUsage.From(collector.Collect()));
    }
}

/// <summary>The JSON form of <c>/metrics</c>; response times are quantiles of the last minute.</summary>
internal sealed record MetricsSummary(
    double UptimeSeconds, long RequestCount, double RequestsPerSecond, ResponseTimes ResponseTimes, SystemUsage System, CacheUsage Cache);

internal sealed record ResponseTimes(double AvgMs, double P50Ms, double P95Ms, double P99Ms);

internal sealed record SystemUsage(double CpuPercent, double MemoryMb, double MemoryPercent);

/// <summary>Read from the cache library's own counters; a rate needs at least one request.</summary>
internal sealed record CacheUsage(bool Enabled, double? HitRate, long Requests)
{
    public const string RequestsMetric = "fettle_cache_requests_total";

    public static CacheUsage From(IReadOnlyList<InstrumentSeries> instruments)
    {
        var (hits, all) = Count(instruments);
        return new CacheUsage(all > 0, all > 0 ? Math.Round(hits / all, 4) : null, (long)all);
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
