namespace Fettle.Tuning.Verification;

/// <summary>What the loop measures per round on both sides.</summary>
internal enum Metric
{
    /// <summary>Median latency from the intended start, milliseconds, at the open load.</summary>
    P50,

    /// <summary>95th percentile of the same latencies, milliseconds.</summary>
    P95,

    /// <summary>Completed requests per second under the closed load.</summary>
    Capacity,

    /// <summary>CPU time of the service per completed request of both loads, milliseconds.</summary>
    Cpu,
}

internal static class Metrics
{
    public static readonly Metric[] All = [Metric.P50, Metric.P95, Metric.Capacity, Metric.Cpu];

    public static string Name(this Metric metric) => metric switch
    {
        Metric.P50 => "p50",
        Metric.P95 => "p95",
        Metric.Capacity => "capacity",
        _ => "CPU per request",
    };

    public static bool HigherIsBetter(this Metric metric) => metric == Metric.Capacity;
}

/// <summary>The same metric on both sides, round by round.</summary>
internal sealed class MetricRounds
{
    readonly List<double> _reference = [];
    readonly List<double> _candidate = [];

    public IReadOnlyList<double> Reference => _reference;

    public IReadOnlyList<double> Candidate => _candidate;

    public int Count => _reference.Count;

    /// <summary>Adds a round; a side that measured nothing (no request completed, a CPU tick too coarse) drops the round for this metric.</summary>
    public void Add(double reference, double candidate)
    {
        if (reference > 0 && candidate > 0 && double.IsFinite(reference) && double.IsFinite(candidate))
        {
            _reference.Add(reference);
            _candidate.Add(candidate);
        }
    }
}
