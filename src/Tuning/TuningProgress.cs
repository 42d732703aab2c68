namespace Fettle.Tuning;

/// <summary>Where a run stands.</summary>
/// <param name="Stage">The stage or action, a few words.</param>
/// <param name="Detail">What happens now, or what came out; may be empty.</param>
/// <param name="Finished">True when <paramref name="Detail"/> is an outcome worth keeping on the screen.</param>
public sealed record TuningProgress(string Stage, string Detail, bool Finished);

/// <summary>How a run ended.</summary>
public enum TuningEnd
{
    /// <summary>At least one action is kept and the final set is verified, or the mode applies nothing and it was done.</summary>
    Improved,

    /// <summary>Actions were tried and none is kept, or the final set is not better.</summary>
    NoneKept,

    /// <summary>The final set could not be told from noise, or the generator was the limit.</summary>
    Undecided,
}

/// <summary>What a run leaves: its verdict, its folder and the result document of which every report is rendered.</summary>
/// <param name="End">How it ended.</param>
/// <param name="RunId">Its id, the name of its folder.</param>
/// <param name="Folder">The archive folder: result.json, journal.jsonl.</param>
/// <param name="Json">The <c>fettle.result/1</c> document.</param>
public sealed record TuningOutcome(TuningEnd End, string RunId, string Folder, string Json);
