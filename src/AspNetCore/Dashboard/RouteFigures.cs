using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary>One route since the start: how often, how long, how many failed. Quantiles are upper bounds of the buckets they fall in.</summary>
internal sealed record RouteFigures(string Route, string Method, long Requests, long Errors, double TotalMs, double MeanMs, double P50Ms, double P95Ms, double P99Ms);

internal sealed record RouteList(string Schema, IReadOnlyList<RouteFigures> Routes)
{
    public const string CurrentSchema = "fettle.routes/1";
}

/// <summary><c>GET /fettle/routes</c>, most total time first, from the histogram that <c>/metrics</c> shows.</summary>
internal static class RouteEndpoints
{
    const string Metric = "http_server_request_duration_seconds";

    public static void Map(RouteGroupBuilder admin) => admin.MapGet("/routes", (MetricsCollector collector) =>
        Results.Json(new RouteList(RouteList.CurrentSchema, Read(collector.Collect())), FettleJson.Default.RouteList));

    internal static IReadOnlyList<RouteFigures> Read(IReadOnlyList<InstrumentSeries> instruments) =>
        [.. instruments.Where(i => i.Name == Metric).SelectMany(i => i.Series.Values)
            .GroupBy(s => (Route: MetricLabels.Read(s.Labels, "http_route") ?? "(no route)", Method: MetricLabels.Read(s.Labels, "http_request_method") ?? ""))
            .Select(g => Figures(g.Key.Route, g.Key.Method, [.. g]))
            .OrderByDescending(r => r.TotalMs)];

    static RouteFigures Figures(string route, string method, MetricSeries[] series)
    {
        var bounds = series[0].Bounds!;
        var counts = new long[bounds.Length + 1];
        foreach (var buckets in series.Select(s => s.BucketCounts()))
        {
            for (var b = 0; b < counts.Length; b++)
            {
                counts[b] += buckets[b];
            }
        }

        var requests = counts.Sum();
        var seconds = series.Sum(s => s.Value);
        var failed = series.Where(s => MetricLabels.Read(s.Labels, "http_response_status_code") is ['5', ..]).Sum(s => s.Count);
        double Quantile(double quantile) => 1000 * MetricLabels.Quantile(bounds, counts, quantile);
        return new RouteFigures(
            route.StartsWith('/') || route[0] == '(' ? route : "/" + route, method, requests, failed, Math.Round(1000 * seconds, 3),
            requests == 0 ? 0 : Math.Round(1000 * seconds / requests, 4), Quantile(0.5), Quantile(0.95), Quantile(0.99));
    }
}

/// <summary>Reads what <see cref="InstrumentSeries"/> rendered.</summary>
internal static class MetricLabels
{
    /// <summary>The value of a label, unescaped; null when the set has no such label.</summary>
    public static string? Read(string labels, string name)
    {
        var start = labels.StartsWith(name + "=\"", StringComparison.Ordinal) ? 0 : labels.IndexOf("," + name + "=\"", StringComparison.Ordinal) + 1;
        if (start == 0 && !labels.StartsWith(name + "=\"", StringComparison.Ordinal))
        {
            return null;
        }

        var text = new System.Text.StringBuilder();
        for (var i = start + name.Length + 2; i < labels.Length && labels[i] != '"'; i++)
        {
            if (labels[i] == '\\' && i + 1 < labels.Length)
            {
                i++;
                text.Append(labels[i] == 'n' ? '\n' : labels[i]);
            }
            else
            {
                text.Append(labels[i]);
            }
        }

        return text.ToString();
    }

    /// <summary>Every label, unescaped.</summary>
    public static IReadOnlyDictionary<string, string> All(string labels)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < labels.Length;)
        {
            var equals = labels.IndexOf('=', i);
            var name = labels[i..equals];
            var text = new System.Text.StringBuilder();
            for (i = equals + 2; labels[i] != '"'; i++)
            {
                if (labels[i] == '\\')
                {
                    i++;
                    text.Append(labels[i] == 'n' ? '\n' : labels[i]);
                }
                else
                {
                    text.Append(labels[i]);
                }
            }

            all[name] = text.ToString();
            i += 2;
        }

        return all;
    }

    /// <summary>The upper bound of the bucket that holds the quantile; for the last bucket the largest bound; 0 without values.</summary>
    public static double Quantile(double[] bounds, long[] counts, double quantile)
    {
        var rank = (long)Math.Ceiling(quantile * counts.Sum());
        for (var b = 0; b < counts.Length && rank > 0; b++)
        {
            rank -= counts[b];
            if (rank <= 0)
            {
                return bounds[Math.Min(b, bounds.Length - 1)];
            }
        }

        return 0;
    }
}
