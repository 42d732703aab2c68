using Fettle.LoadTesting;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Targets;

/// <summary>The traffic a target is tuned for and the requests whose answers are the gate.</summary>
/// <param name="Requests">A fresh source for a seed: the same seed gives the same requests in the same order.</param>
/// <param name="Golden">Requests whose answers are recorded, errors and encodings among them.</param>
/// <param name="Description">One line for reports.</param>
internal sealed record Workload(Func<int, IRequestSource> Requests, IReadOnlyList<GoldenRequest> Golden, string Description);
