using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>What the database library advises for a recorded workload, as actions of the loop.</summary>
internal static class DatabaseAdvice
{
    static readonly string[] Risks = ["low", "medium", "high"];

    /// <param name="address">The database that is advised on; it is only read.</param>
    /// <param name="queries">The recorded workload.</param>
    /// <param name="alone">
    /// Share of the database's work from which an index is an action of its own; those below it are one action together, because a comparison costs minutes on
    /// a slow service whatever it compares.
    /// </param>
    /// <param name="cancellation">Stops the advisor.</param>
    public static async Task<IReadOnlyList<TuningAction>> ActionsAsync(DatabaseAddress address, IReadOnlyList<RecordedQuery> queries, double alone, CancellationToken cancellation)
    {
        await using var database = TunedDatabase.Open(address);
        var advised = await IndexAdvisor.AdviseAsync(database, queries, cancellation: cancellation);
        var large = advised.Where(a => a.PredictedGain >= alone).ToArray();
        var small = advised.Where(a => a.PredictedGain < alone).ToArray();
        return [.. large.Select(One), .. small.Length > 1 ? [Together(small)] : small.Select(One)];
    }

    static StatementAction One(DatabaseAction advice) => new(
        advice.Id, advice.Title, advice.Risk, advice.Why, Gain(advice.PredictedGain), advice.Do, advice.Undo, Evidence(advice.Evidence), advice.Layer);

    /// <summary>Undone in reverse order; as risky as its riskiest part.</summary>
    static StatementAction Together(IReadOnlyList<DatabaseAction> advised) => new(
        "indexes",
        $"{advised.Count} indexes on {string.Join(", ", advised.Select(Table).Distinct())}",
        Risks.Last(risk => advised.Any(a => string.Equals(a.Risk, risk, StringComparison.OrdinalIgnoreCase))),
        string.Join("; ", advised.Select(a => a.Why)),
        Gain(Math.Min(1, advised.Sum(a => a.PredictedGain))),
        [.. advised.SelectMany(a => a.Do)],
        [.. advised.Reverse().SelectMany(a => a.Undo)],
        string.Join("\n\n", advised.Select(a => Evidence(a.Evidence))),
        advised[0].Layer);

    /// <summary>The table in a title such as "Index on news(id)".</summary>
    static string Table(DatabaseAction advice) => advice.Title[(advice.Title.IndexOf(" on ", StringComparison.Ordinal) + 4)..].Split('(')[0];

    static string Gain(double share) => string.Create(CultureInfo.InvariantCulture, $"{share:0 %} of the database's work");

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
