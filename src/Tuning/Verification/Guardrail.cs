using System.Globalization;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Verification;

/// <summary>What stops a trial at once, whatever the statistics would still find.</summary>
internal static class Guardrail
{
    const double MostMemory = 0.9;
    const int SlowRounds = 3;

    /// <summary>The reason to stop, or null.</summary>
    /// <param name="candidate">The instance with the action.</param>
    /// <param name="rounds">At least one.</param>
    /// <param name="memoryInUse">Share of the machine's memory in use, 0–1.</param>
    public static string? Broken(ServiceInstance candidate, IReadOnlyList<RoundRecord> rounds, double memoryInUse)
    {
        if (candidate.HasExited)
        {
            return "the service's process ended";
        }

        var (a, b) = (rounds[^1].Reference, rounds[^1].Candidate);
        if (b.Failed > 0 && b.Failed > 2 * a.Failed)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{b.Failed} requests failed ({b.FirstError}), {a.Failed} before it");
        }

        if (rounds.Count >= SlowRounds && rounds.TakeLast(SlowRounds).All(r => r.Candidate.Latency.MillisecondsAt(95) > 2 * r.Reference.Latency.MillisecondsAt(95)))
        {
            return string.Create(CultureInfo.InvariantCulture, $"p95 was more than twice the state before in {SlowRounds} rounds running ({b.Latency.MillisecondsAt(95):0.0} ms against {a.Latency.MillisecondsAt(95):0.0} ms)");
        }

        return memoryInUse > MostMemory ? "the machine's memory is more than 90 % full" : null;
    }
}
