namespace Fettle.Databases;

/// <summary>What the advisor may propose and how much it may cost.</summary>
public sealed record AdvisorOptions
{
    /// <summary>Most bytes of all proposed indexes together; null is the size of the data again. 0–10 TB.</summary>
    public long? StorageBudget { get; set => field = value is null ? null : Throw.IfOutside(value.Value, 0, 10_000_000_000_000); }

    /// <summary>Most indexes proposed. Default 20; 1–200.</summary>
    public int MaxIndexes { get; set => field = Throw.IfOutside(value, 1, 200); } = 20;

    /// <summary>Most key columns of an index. Default 4; 1–8.</summary>
    public int MaxKeys { get; set => field = Throw.IfOutside(value, 1, 8); } = 4;

    /// <summary>Most columns of a covering index, keys included. Default 8; 0 proposes none; 0–16.</summary>
    public int MaxCoveringColumns { get; set => field = Throw.IfOutside(value, 0, 16); } = 8;

    /// <summary>Whether partial indexes are proposed. Default true.</summary>
    public bool Partial { get; set; } = true;

    /// <summary>Whether indexes on expressions are proposed. Default true.</summary>
    public bool Expressions { get; set; } = true;

    /// <summary>A step must save at least this part of the cost that is left, upkeep subtracted. Default 0.002; 0–1.</summary>
    public double MinimumGain { get; set => field = Throw.IfOutside(value, 0.0, 1.0); } = 0.002;

    /// <summary>Statements kept after compression: those with most total time. Default 200; 1–5,000.</summary>
    public int MaxQueries { get; set => field = Throw.IfOutside(value, 1, 5_000); } = 200;
}
