using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Capacity;

namespace Fettle.LoadTesting.Reports;

/// <summary>The few charts of the report as SVG text.</summary>
static class SvgCharts
{
    const double Width = 1000;
    const double Height = 260;

    /// <summary>Charts that stand in pairs are half as wide on the page; drawn half as wide too, their text keeps its size.</summary>
    const double PairWidth = 490;
    const double PairHeight = 190;
    const double Left = 56;
    const double Right = 12;
    const double Top = 12;
    const double Bottom = 30;

    public static (double X, double Y)[] Series(JsonArray rows, int column, double factor = 1) =>
        [.. rows.Select(r => r!.AsArray()).Where(r => r[column] is not null).Select(r => ((double)r[0]!, (double)r[column]! * factor))];

    public static string Lines(string unit, bool logarithmic, params (string Name, string Colour, (double X, double Y)[] Points)[] series) => Lines(Width, Height, unit, logarithmic, series);

    /// <summary>A chart for half the page's width; empty when every value is zero, since a line on the ground says nothing that the table does not.</summary>
    public static string Pair(string unit, params (string Name, string Colour, (double X, double Y)[] Points)[] series) =>
        series.All(s => s.Points.All(p => p.Y == 0)) ? "" : Lines(PairWidth, PairHeight, unit, false, series);

    static string Lines(double width, double height, string unit, bool logarithmic, (string Name, string Colour, (double X, double Y)[] Points)[] series)
    {
        var points = series.SelectMany(s => s.Points).ToArray();
        if (points.Length == 0)
        {
            return "";
        }

        var maxX = Math.Max(1e-9, points.Max(p => p.X));
        var scale = new Scale(logarithmic ? Math.Max(1e-3, points.Where(p => p.Y > 0).Select(p => p.Y).DefaultIfEmpty(1).Min()) : 0, Math.Max(1e-3, points.Max(p => p.Y)), logarithmic);
        double X(double x) => Left + x / maxX * (width - Left - Right);
        var svg = Begin(scale.Ticks(), scale, TimeTicks(maxX), X, "s", unit, width, height);
        foreach (var (_, colour, line) in series)
        {
            svg.Append($"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"").AppendJoin(' ', line.Select(p => $"{N(X(p.X))},{N(Y(scale.At(p.Y), height))}")).Append("\"/>");
        }

        return $"<div>{svg.Append("</svg>").Append(Legend(series.Select(s => (s.Name, s.Colour))))}</div>";
    }

    /// <summary>A line that stays until the next point instead of going there.</summary>
    public static (double X, double Y)[] Steps((double X, double Y)[] points) =>
        [.. points.SelectMany((p, i) => i == 0 ? [p] : new[] { (p.X, points[i - 1].Y), p })];

    /// <summary>Throughput over concurrency: the law as a line, the runs as points, the knee, and the run that checked it as a ring.</summary>
    public static string Curve(ScalabilityLaw law, IReadOnlyList<(double X, double Y)> points, double knee, (double X, double Y)? check)
    {
        var maxX = 1.15 * Math.Max(knee, points.Max(p => p.X));
        var scale = new Scale(0, 1.08 * Math.Max(points.Max(p => p.Y), Math.Max(check?.Y ?? 0, law.ThroughputAt(knee))), false);
        double X(double x) => Left + x / maxX * (Width - Left - Right);
        var svg = Begin(scale.Ticks(), scale, TimeTicks(maxX), X, "at once", "good answers/s");
        var line = Enumerable.Range(1, 200).Select(i => maxX * i / 200);
        svg.Append("<polyline fill=\"none\" stroke=\"var(--a)\" stroke-width=\"1.8\" points=\"").AppendJoin(' ', line.Select(x => $"{N(X(x))},{N(Y(scale.At(law.ThroughputAt(x))))}")).Append("\"/>");
        svg.Append($"<line x1=\"{N(X(knee))}\" x2=\"{N(X(knee))}\" y1=\"{N(Top)}\" y2=\"{N(Height - Bottom)}\" stroke=\"var(--c)\" stroke-dasharray=\"5 4\"/>");
        foreach (var (x, y) in points)
        {
            svg.Append($"<circle cx=\"{N(X(x))}\" cy=\"{N(Y(scale.At(y)))}\" r=\"4\" fill=\"var(--b)\"/>");
        }

        if (check is { } c)
        {
            svg.Append($"<circle cx=\"{N(X(c.X))}\" cy=\"{N(Y(scale.At(c.Y)))}\" r=\"7\" fill=\"none\" stroke=\"var(--ok)\" stroke-width=\"2.5\"/>");
        }

        (string, string)[] legend = [("law", "var(--a)"), ("measured", "var(--b)"), ("knee", "var(--c)"), .. check is null ? Array.Empty<(string, string)>() : [("run at the knee", "var(--ok)")]];
        return svg.Append("</svg>").Append(Legend(legend)).ToString();
    }

    /// <summary>Percentiles on an axis that gives every further nine the same space.</summary>
    public static string Percentiles(params (string Name, string Colour, LatencyHistogram Histogram)[] curves)
    {
        double[] shown = [0, 50, 90, 99, 99.9, 99.99, 99.999];
        var most = curves.Max(c => c.Histogram.Count);
        var last = Math.Clamp(Math.Log10(Math.Max(10, most)), 1, 5);
        double X(double percentile) => Left + Math.Min(last, -Math.Log10(Math.Max(1e-9, 1 - percentile / 100))) / last * (Width - Left - Right);
        var full = curves.Where(c => c.Histogram.Count > 0).ToArray();
        if (full.Length == 0)
        {
            return "";
        }

        var scale = new Scale(Math.Max(1e-3, full.Min(c => c.Histogram.MillisecondsAt(1))), full.Max(c => c.Histogram.MillisecondsAt(100)), true);
        var svg = Begin(scale.Ticks(), scale, [.. shown.Where(p => -Math.Log10(Math.Max(1e-9, 1 - p / 100)) <= last + 0.01)], X, "%", "ms");
        foreach (var (_, colour, histogram) in full)
        {
            var steps = Enumerable.Range(0, 201).Select(i => 100 * (1 - Math.Pow(10, -last * i / 200)));
            svg.Append($"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" points=\"").AppendJoin(' ', steps.Select(p => $"{N(X(p))},{N(Y(scale.At(histogram.MillisecondsAt(p))))}")).Append("\"/>");
        }

        return svg.Append("</svg>").Append(Legend(full.Select(c => (c.Name, c.Colour)))).ToString();
    }

    public static string Heat(JsonArray blocks)
    {
        var cells = blocks.Select(b => b!.AsArray()).SelectMany(b => b[7]!.AsArray().Select(v => (int)v!).Chunk(2).Select(c => (Time: (double)b[0]!, Row: c[0], Count: c[1]))).ToArray();
        if (cells.Length == 0)
        {
            return "";
        }

        var (first, last) = (cells.Min(c => c.Row), cells.Max(c => c.Row) + 1);
        var maxX = (double)blocks[^1]![0]! + 0.5;
        var merge = Math.Max(1, (int)Math.Ceiling(blocks.Count / 400.0));
        var most = Math.Log(1 + cells.Max(c => c.Count));
        var scale = new Scale(HeatScale.UpperMilliseconds(first - 1), HeatScale.UpperMilliseconds(last - 1), true);
        var height = (Height - Top - Bottom) / (last - first);
        var svg = Begin(scale.Ticks(), scale, TimeTicks(maxX), x => Left + x / maxX * (Width - Left - Right), "s", "ms");
        foreach (var cell in cells.GroupBy(c => (Column: (int)(c.Time * 2) / merge, c.Row)).Select(g => (g.Key.Column, g.Key.Row, Count: g.Sum(c => c.Count) / (double)merge)))
        {
            var x = Left + cell.Column * merge * 0.5 / maxX * (Width - Left - Right);
            svg.Append($"<rect x=\"{N(x)}\" y=\"{N(Height - Bottom - (cell.Row - first + 1) * height)}\" width=\"{N(0.5 * merge / maxX * (Width - Left - Right) + 0.3)}\" height=\"{N(height + 0.3)}\" fill=\"var(--a)\" fill-opacity=\"{N(Math.Min(1, 0.08 + 0.92 * Math.Log(1 + cell.Count) / most))}\"/>");
        }

        return svg.Append("</svg>").ToString();
    }

    static StringBuilder Begin(double[] yTicks, Scale scale, double[] xTicks, Func<double, double> x, string xUnit, string yUnit, double width = Width, double height = Height)
    {
        var svg = new StringBuilder($"<svg viewBox=\"0 0 {N(width)} {N(height)}\" role=\"img\">");
        foreach (var tick in yTicks)
        {
            var y = Y(scale.At(tick), height);
            svg.Append($"<line x1=\"{N(Left)}\" x2=\"{N(width - Right)}\" y1=\"{N(y)}\" y2=\"{N(y)}\" stroke=\"var(--line)\"/><text x=\"{N(Left - 6)}\" y=\"{N(y + 4)}\" text-anchor=\"end\">{ReportWriter.Text(tick)}</text>");
        }

        foreach (var tick in xTicks)
        {
            svg.Append($"<text x=\"{N(x(tick))}\" y=\"{N(height - 10)}\" text-anchor=\"{(tick == xTicks[^1] ? "end" : "middle")}\">{tick.ToString(CultureInfo.InvariantCulture)}{(tick == xTicks[^1] ? " " + xUnit : "")}</text>");
        }

        return svg.Append($"<text x=\"{N(Left + 4)}\" y=\"{N(Top + 10)}\">{WebUtility.HtmlEncode(yUnit)}</text>");
    }

    static string Legend(IEnumerable<(string Name, string Colour)> entries) =>
        $"<div class=\"legend dim\">{string.Concat(entries.Select(e => $"<span><span style=\"color:{e.Colour}\">■</span>{WebUtility.HtmlEncode(e.Name)}</span>"))}</div>";

    static double[] TimeTicks(double max)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(max / 5)));
        step *= max / step > 25 ? 5 : max / step > 10 ? 2 : 1;
        return [.. Enumerable.Range(0, (int)(max / step) + 1).Select(i => Math.Round(i * step, 6))];
    }

    static double Y(double share, double height = Height) => height - Bottom - share * (height - Top - Bottom);

    static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    sealed record Scale(double Min, double Max, bool Logarithmic)
    {
        public double At(double value) => Math.Clamp(Logarithmic
            ? Math.Log(Math.Max(value, Min) / Min) / Math.Max(1e-9, Math.Log(Max / Min))
            : (value - Min) / Math.Max(1e-9, Max - Min), 0, 1);

        public double[] Ticks()
        {
            if (Logarithmic)
            {
                var decades = Enumerable.Range((int)Math.Floor(Math.Log10(Min)), 14).Select(e => Math.Pow(10, e)).ToArray();
                var all = (Max / Min > 30 ? decades : decades.SelectMany(d => new[] { d, 2 * d, 5 * d })).Where(t => t >= Min * 0.999 && t <= Max * 1.001).ToArray();
                return all.Length > 0 ? all : [Min, Max];
            }

            var step = Math.Pow(10, Math.Floor(Math.Log10(Max / 4)));
            step *= Max / step > 20 ? 5 : Max / step > 8 ? 2 : 1;
            return [.. Enumerable.Range(0, (int)(Max / step) + 1).Select(i => Math.Round(i * step, 6))];
        }
    }
}
