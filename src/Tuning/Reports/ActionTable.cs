using System.Globalization;
using Fettle.Shared.Results;
using Fettle.Tuning.Loop;

namespace Fettle.Tuning.Reports;

/// <summary>One row per action: before → after, each against the state before it.</summary>
internal static class ActionTable
{
    public static ResultTable Of(IReadOnlyList<ActionOutcome> outcomes) => new(
        "Actions, each against the state before it",
        ["action", "verdict", "p50 ms", "p95 ms", "p99 ms", "capacity req/s", "CPU ms/req", "answers"],
        [.. outcomes.Select(Row)],
        "Latency at 60 % of the capacity of the state before; p99 from 1,000 requests on; answers: compared/different.");

    static string[] Row(ActionOutcome outcome)
    {
        var answers = outcome.Answers is { } a ? string.Create(CultureInfo.InvariantCulture, $"{a.Compared}/{a.Different}") : "–";
        var (before, after) = (outcome.Comparison?.Reference, outcome.Comparison?.Candidate);
        return before is null || after is null
            ? [outcome.Action.Title, outcome.Word, "–", "–", "–", "–", "–", answers]
            :
            [
                outcome.Action.Title, outcome.Word, Cells.Change(before.P50, after.P50), Cells.Change(before.P95, after.P95), Cells.Change(before.P99, after.P99),
                Cells.Change(before.Capacity, after.Capacity), Cells.Change(before.CpuMs, after.CpuMs), answers,
            ];
    }
}
