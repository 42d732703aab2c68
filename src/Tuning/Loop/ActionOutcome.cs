using Fettle.Tuning.Actions;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Loop;

/// <summary>What came of one action.</summary>
internal sealed record ActionOutcome
{
    public required TuningAction Action { get; init; }

    /// <summary>Kept, rolled back or inconclusive.</summary>
    public required Decision Decision { get; init; }

    public required string Reason { get; init; }

    /// <summary>Null when the answers already refused it.</summary>
    public ComparisonResult? Comparison { get; init; }

    public AnswerReport? Answers { get; init; }

    public double Seconds { get; init; }

    /// <summary>Seconds that doing and undoing it once took.</summary>
    public double ToggleSeconds { get; init; }

    /// <summary>Set by the pruning pass when the action was kept first and no longer helps beside the others.</summary>
    public string? Pruned { get; init; }

    public bool Kept => Decision == Decision.Kept && Pruned is null;

    public string Word => Pruned is null ? Judgement.Word(Decision) : "pruned";
}

/// <summary>An action that was proposed and not tried, and why.</summary>
internal sealed record NotTried(TuningAction Action, string Reason);
