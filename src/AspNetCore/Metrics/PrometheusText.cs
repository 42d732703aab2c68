using System.Globalization;
using System.Text;

namespace Fettle.AspNetCore;

/// <summary>The Prometheus text exposition format 0.0.4 and OpenMetrics 1.0.0.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const string TotalSuffix = "_total";

    static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds", ["ms"] = "milliseconds", ["us"] = "microseconds", ["By"] = "bytes", ["%"] = "percent", ["1"] = "ratio",
    };

    /// <summary>The OpenTelemetry name in Prometheus' alphabet, with the unit and, for counters, <c>_total</c>.</summary>
    public static string Name(string name, string? unit, MetricFamily family)
    {
        var text = new StringBuilder(name.Length + 16);
        foreach (var c in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
        }

        if (text.Length > 0 && char.IsAsciiDigit(text[0]))
        {
            text.Insert(0, '_');
        }

        if (unit is not null && Units.TryGetValue(unit, out var suffix) && !text.ToString().EndsWith(suffix, StringComparison.Ordinal)
            && !(suffix == "ratio" && family != MetricFamily.Gauge))
        {
            text.Append('_').Append(suffix);
        }

        if (family == MetricFamily.Counter && !text.ToString().EndsWith(TotalSuffix, StringComparison.Ordinal))
        {
            text.Append(TotalSuffix);
        }

        return text.ToString();
    }

    /// <param name="instruments">What to write.</param>
    /// <param name="openMetrics">OpenMetrics names a counter's family without <c>_total</c> and ends with <c># EOF</c>.</param>
    public static string Render(IReadOnlyList<InstrumentSeries> instruments, bool openMetrics = false)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (var family in instruments.GroupBy(i => i.Name, StringComparer.Ordinal))
        {
            var first = family.First();
            var described = openMetrics && first.Family == MetricFamily.Counter ? first.Name[..^TotalSuffix.Length] : first.Name;
            text.Append("# HELP ").Append(described).Append(' ').Append(first.Help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
            text.Append("# TYPE ").Append(described).Append(' ').Append(first.Family.ToString().ToLowerInvariant()).Append('\n');

            // Two meters can own instruments of one name (a service started twice in a process): one line per label set, values added.
            foreach (var series in family.SelectMany(i => i.Series.Values).GroupBy(s => s.Labels, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                if (first.Family == MetricFamily.Histogram)
                {
                    Histogram(text, first.Name, series.Key, [.. series]);
                }
                else
                {
                    Line(text, first.Name, series.Key, series.Sum(s => s.Value));
                }
            }
        }

        return openMetrics ? text.Append("# EOF\n").ToString() : text.ToString();
    }

    static void Histogram(StringBuilder text, string name, string labels, MetricSeries[] series)
    {
        var bounds = series[0].Bounds!;
        var counts = series.Select(s => s.BucketCounts()).ToArray();
        long cumulative = 0;
        for (var b = 0; b <= bounds.Length; b++)
        {
            cumulative += counts.Sum(c => c[b]);
            var bound = b == bounds.Length ? "+Inf" : Number(bounds[b]);
            Line(text, name + "_bucket", labels.Length == 0 ? $"le=\"{bound}\"" : $"{labels},le=\"{bound}\"", cumulative);
        }

        Line(text, name + "_sum", labels, series.Sum(s => s.Value));
        Line(text, name + "_count", labels, cumulative);
    }

    static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);
}
