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
        foreach (var run in RunFolder.All(state))
        {
            text.Append(run.Id.PadRight(34));
            text.AppendLine(File.Exists(run.Result) ? Line(ResultDocument.Parse(File.ReadAllText(run.Result))) : "interrupted; 'fettle rollback' clears up");
        }

        return text.Length == 0 ? $"no runs in {state}\n" : text.ToString();
    }

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
