using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>What the database library advises for a recorded workload, as actions of the loop: one per index.</summary>
internal static class DatabaseAdvice
{
    public static async Task<IReadOnlyList<TuningAction>> ActionsAsync(DatabaseAddress address, IReadOnlyList<RecordedQuery> queries, CancellationToken cancellation)
    {
        await using var database = TunedDatabase.Open(address);
        var advised = await IndexAdvisor.AdviseAsync(database, queries, cancellation: cancellation);
        return [.. advised.Select(a => new StatementAction(a.Id, a.Title, a.Risk, a.Why, string.Create(CultureInfo.InvariantCulture, $"{a.PredictedGain:0 %} of the database's work"), a.Do, a.Undo, Evidence(a.Evidence), a.Layer))];
    }

    static string Evidence(DatabaseEvidence evidence)
    {
        var text = new StringBuilder();
        if (evidence.Bytes > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"size {evidence.Bytes / 1e6:0.#} MB, writes {evidence.WriteAmplification:0.00}× dearer");
        }

        foreach (var query in evidence.Serves.Take(3))
        {
            text.AppendLine(query.Sql).AppendLine(CultureInfo.InvariantCulture, $"  cost {query.CostBefore:0.##} → {query.CostAfter:0.##}");
            text.AppendLine("  before: " + query.PlanBefore.ReplaceLineEndings("; ")).AppendLine("  after:  " + query.PlanAfter.ReplaceLineEndings("; "));
        }

        foreach (var note in evidence.Notes)
        {
            text.AppendLine(note);
        }

        return text.ToString().TrimEnd();
    }
}
