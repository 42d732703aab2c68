using System.Globalization;
using System.Text;

namespace Fettle.AspNetCore;

/// <summary>The Prometheus text exposition format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

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

        if (family == MetricFamily.Counter && !text.ToString().EndsWith("_total", StringComparison.Ordinal))
        {
            text.Append("_total");
        }

        return text.ToString();
    }

    public static string Render(IReadOnlyList<InstrumentSeries> instruments)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (var family in instruments.GroupBy(i => i.Name, StringComparer.Ordinal))
        {
            var first = family.First();
            text.Append("# HELP ").Append(first.Name).Append(' ').Append(first.Help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
            text.Append("# TYPE ").Append(first.Name).Append(' ').Append(first.Family.ToString().ToLowerInvariant()).Append('\n');

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

        return text.ToString();
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
