using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;

namespace Fettle.Tuning.Reports;

/// <summary>How many times better each metric is, with the interval: one row per action, and the total. Made from the trials as they are archived.</summary>
internal static class EffectTable
{
    public const string Title = "Effects with their intervals";
    static readonly string[] Metrics = ["p50", "p95", "p99", "capacity", "CPU per request"];

    /// <summary>Null when no trial has an effect.</summary>
    /// <param name="trials">Name and archived trial.</param>
    public static ResultTable? Of(IEnumerable<(string Name, JsonObject Trial)> trials)
    {
        List<string[]> rows = [.. trials.Where(t => t.Trial["effects"] is JsonObject { Count: > 0 }).Select(t => Row(t.Name, t.Trial))];
        return rows.Count == 0 ? null : new ResultTable(
            Title, ["action", .. Metrics, "errors, % points"], rows,
            "Times better, with the bounds in brackets. p99 (from 1,000 requests a side on) and errors have 95 % bootstrap intervals and decide nothing; the others have the bounds at which the verdict fell.");
    }

    /// <summary>The archived shares of failures in a sentence.</summary>
    public static string Errors(JsonObject errors) =>
        $"Failed requests: {Percent(errors, "beforePercent")} % before, {Percent(errors, "afterPercent")} % after; the difference lies between {Signed(errors, "lower")} and {Signed(errors, "upper")} percentage points (95 %).";

    static string[] Row(string name, JsonObject trial) => [name, .. Metrics.Select(m => Cell(trial["effects"]![m])), trial["errors"] is JsonObject errors ? Short(errors) : "–"];

    static string Cell(JsonNode? effect) => effect is null ? "–" : $"{Factor(effect, "factor")} ({Factor(effect, "lower")}–{Factor(effect, "upper")})";

    static string Factor(JsonNode effect, string member) => (double)effect[member]! switch { > 1e6 => "∞", var factor => Cells.Factor(factor) };

    static string Short(JsonObject errors) => string.Create(
        CultureInfo.InvariantCulture, $"{(double)errors["afterPercent"]! - (double)errors["beforePercent"]!:+0.##;-0.##;0} ({Signed(errors, "lower")}–{Signed(errors, "upper")})");

    static string Percent(JsonObject errors, string member) => ((double)errors[member]!).ToString("0.##", CultureInfo.InvariantCulture);

    static string Signed(JsonObject errors, string member) => ((double)errors[member]!).ToString("+0.##;-0.##;0", CultureInfo.InvariantCulture);
}
