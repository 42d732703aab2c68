using System.Globalization;
using System.Text.RegularExpressions;

namespace Fettle.Tuning;

/// <summary>An absolute limit of <c>fettle verify</c>: <c>p95&lt;20</c> (ms), <c>capacity&gt;500</c> (requests/s), <c>cpu&lt;2</c> (ms), <c>failed&lt;1</c> (requests).</summary>
/// <param name="Metric"><c>p50</c>, <c>p95</c>, <c>p99</c>, <c>capacity</c>, <c>cpu</c> or <c>failed</c>.</param>
/// <param name="Above">True when the figure must be above the limit.</param>
/// <param name="Limit">In the metric's unit.</param>
public sealed partial record VerifyThreshold(string Metric, bool Above, double Limit)
{
    static readonly string[] Known = ["p50", "p95", "p99", "capacity", "cpu", "failed"];

    /// <summary>Reads a threshold.</summary>
    /// <exception cref="FormatException">The text is no threshold; the message says how one is written.</exception>
    public static VerifyThreshold Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Form().Match(text);
        if (!match.Success || !double.TryParse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture, out var limit))
        {
            throw new FormatException($"threshold '{text}' cannot be read; write p95<20, capacity>500 or failed<1");
        }

        var metric = match.Groups[1].Value;
        return Known.Contains(metric)
            ? new VerifyThreshold(metric, match.Groups[2].Value == ">", limit)
            : throw new FormatException($"threshold '{text}' names '{metric}'; known: {string.Join(", ", Known)}{(LoadTesting.Scenarios.NearestName.Of(metric, Known) is { } near ? $"; did you mean '{near}'?" : "")}");
    }

    /// <summary>Whether a figure is within the limit; one that was not measured is not.</summary>
    public bool Holds(double? value) => value is { } v && (Above ? v > Limit : v < Limit);

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Metric}{(Above ? '>' : '<')}{Limit}");

    [GeneratedRegex(@"^\s*([a-z0-9]+)\s*([<>])\s*([0-9.]+)\s*$")]
    private static partial Regex Form();
}
