using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;
using Fettle.Tuning.Loop;

namespace Fettle.Tuning.Reports;

/// <summary>The runs of a state folder with their totals, oldest first: how a service's figures went over time.</summary>
public static class RunHistory
{
    /// <summary>One line per run; a run without a result was interrupted.</summary>
    /// <param name="state">The state folder, <c>.fettle</c>.</param>
    /// <exception cref="InvalidDataException">A result file is not a result document of this version.</exception>
    public static string Text(string state)
    {
        var text = new StringBuilder();
        var totals = new List<(string Name, double P95, double Capacity)>();
        foreach (var run in RunFolder.All(state))
        {
            var result = File.Exists(run.Result) ? ResultDocument.Parse(File.ReadAllText(run.Result)) : null;
            text.Append(run.Id.PadRight(34)).AppendLine(result is not null ? Line(result) : File.Exists(run.Journal) && Directory.Exists(run.Scratch) ? "interrupted; 'fettle rollback' clears up" : "no result");
            if (result?.Data["total"]?["after"] is JsonObject after && Number(after["p95Ms"]) is { } p95 && Number(after["capacityPerSecond"]) is { } capacity)
            {
                totals.Add((result.Name, p95, capacity));
            }
        }

        foreach (var service in totals.GroupBy(t => t.Name).Where(g => g.Count() > 1))
        {
            text.Append(Trend($"{service.Key}, p95 after tuning, ms", [.. service.Select(t => t.P95)])).Append(Trend($"{service.Key}, capacity after tuning, requests/s", [.. service.Select(t => t.Capacity)]));
        }

        return text.Length == 0 ? $"no runs in {state}\n" : text.ToString();
    }

    /// <summary>One line: a bar per run on a common scale from 0, first, last, and the change between them.</summary>
    internal static string Trend(string name, IReadOnlyList<double> values)
    {
        const string Bars = "▁▂▃▄▅▆▇█";
        var most = values.Max();
        var bars = string.Concat(values.Select(v => Bars[most <= 0 ? 0 : (int)Math.Round(v / most * (Bars.Length - 1))]));
        return string.Create(CultureInfo.InvariantCulture, $"trend  {name}: {bars}  {Cells.Figure(values[0])} → {Cells.Figure(values[^1])} ({values[^1] / values[0] - 1:+0%;-0%;0%})\n");
    }

    static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    static string Line(ResultDocument result)
    {
        var kept = result.Verdicts.Count(v => v.Verdict == "kept" && v.Subject != "total");
        if (result.Data["total"] is not JsonObject total)
        {
            return $"{(string?)result.Settings["mode"],-8} {(string?)result.Data["end"]}";
        }

        string Figure(string side, string field) => Cells.Figure(total[side]?[field]?.GetValue<double>());
        return string.Create(CultureInfo.InvariantCulture, $"{(string?)result.Settings["mode"],-8} {(string?)result.Data["end"],-10} kept {kept}, p95 {Figure("before", "p95Ms")} → {Figure("after", "p95Ms")} ms, capacity {Figure("before", "capacityPerSecond")} → {Figure("after", "capacityPerSecond")}/s");
    }
}
