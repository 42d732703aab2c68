using Fettle.Databases.Advice;

namespace Fettle.Databases;

/// <summary>
/// One change to a database, described but not done: the tuning loop executes and journals it. <see cref="Undo"/> is idempotent and
/// names its object, so that it may run after a crash at any point.
/// </summary>
public sealed record DatabaseAction
{
    /// <summary>Stable name, for instance <c>index.price_movements.bse_code-date</c>.</summary>
    public required string Id { get; init; }

    /// <summary>One line for a person.</summary>
    public required string Title { get; init; }

    /// <summary>The layer: <c>database</c>.</summary>
    public string Layer { get; init; } = "database";

    /// <summary><c>low</c>: adds only; <c>medium</c>: rewrites a table or changes durability; <c>high</c>: may lose or block.</summary>
    public string Risk { get; init; } = "low";

    /// <summary>Why it helps, with the statements it serves.</summary>
    public required string Why { get; init; }

    /// <summary>Part of the workload's database cost that it saves, 0–1, given the actions before it.</summary>
    public double PredictedGain { get; init; }

    /// <summary>Statements to run in order; each is safe to repeat.</summary>
    public required IReadOnlyList<string> Do { get; init; }

    /// <summary>Statements that take it back; safe to repeat, also when the action never ran.</summary>
    public required IReadOnlyList<string> Undo { get; init; }

    /// <summary>True when a statement must run outside a transaction (CREATE INDEX CONCURRENTLY, VACUUM).</summary>
    public bool OutsideTransaction { get; init; }

    /// <summary>The statement that the service must send in place of the first it serves; null when its statements may stay as they are.</summary>
    public string? Rewritten { get; init; }

    /// <summary>The figures behind it.</summary>
    public DatabaseEvidence Evidence { get; init; } = new();
}

/// <summary>The figures behind an action.</summary>
public sealed record DatabaseEvidence
{
    /// <summary>Table it concerns; empty for the whole database.</summary>
    public string Table { get; init; } = "";

    /// <summary>Name of the index or table it makes; empty when none.</summary>
    public string Object { get; init; } = "";

    /// <summary>Expected size in bytes of what it adds.</summary>
    public long Bytes { get; init; }

    /// <summary>How many times dearer a row of an insert becomes with it, beside the indexes that are there: new keys that fall anywhere in a large index cost most.</summary>
    public double WriteAmplification { get; init; } = 1;

    /// <summary>The statements it serves, most saved first.</summary>
    public IReadOnlyList<ServedQuery> Serves { get; init; } = [];

    /// <summary>Anything a person should know before saying yes.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One statement before and after.</summary>
/// <param name="Sql">Its shape.</param>
/// <param name="Calls">Its weight.</param>
/// <param name="CostBefore">Cost without the action, others kept.</param>
/// <param name="CostAfter">Cost with all actions.</param>
/// <param name="PlanBefore">Plan tree without it.</param>
/// <param name="PlanAfter">Plan tree with it.</param>
public sealed record ServedQuery(string Sql, double Calls, double CostBefore, double CostAfter, string PlanBefore, string PlanAfter)
{
    /// <summary>Time of a call without the action that the plan foretells, its pages in memory, in milliseconds; 0 when not foretold.</summary>
    public double MillisecondsBefore { get; init; }

    /// <summary>The same with all actions.</summary>
    public double MillisecondsAfter { get; init; }

    /// <summary>Cost counts a page as the planner does, as if from a disk; time counts it as found in memory, and what every call costs.</summary>
    internal static ServedQuery From(WorkloadItem item, SupposedCost before, SupposedCost after) =>
        new(item.Query.Sql, item.Weight, Math.Round(before.Cost, 1), Math.Round(after.Cost, 1), before.Plan.ToTree(), after.Plan.ToTree()) { MillisecondsBefore = Math.Round(before.Milliseconds, 4), MillisecondsAfter = Math.Round(after.Milliseconds, 4) };
}
