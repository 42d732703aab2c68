using Fettle.LoadTesting;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Targets;

/// <summary>The traffic a target is tuned for and the requests whose answers are the gate.</summary>
/// <param name="Requests">A fresh source for a seed: the same seed gives the same requests in the same order.</param>
/// <param name="Golden">Requests whose answers are recorded, errors and encodings among them.</param>
/// <param name="Description">One line for reports.</param>
internal sealed record Workload(Func<int, IRequestSource> Requests, IReadOnlyList<GoldenRequest> Golden, string Description)
{
    /// <summary>Requests that change data: replayed in this order on fresh copies only.</summary>
    public IReadOnlyList<GoldenRequest> Writes { get; init; } = [];

    /// <summary>The traffic without what changes data; null when nothing does.</summary>
    public Func<int, IRequestSource>? Reads { get; init; }

    /// <summary>Places in answers that are known to differ, as patterns.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Whether a request whose answer differs as a whole when asked twice is left out with a note, instead of stopping the run.</summary>
    public bool LeavesOutUnstable { get; init; }
}
