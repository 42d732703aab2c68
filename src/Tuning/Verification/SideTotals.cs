using Fettle.LoadTesting;

namespace Fettle.Tuning.Verification;

/// <summary>One side over all rounds of a comparison.</summary>
internal sealed class SideTotals
{
    /// <summary>A 99th percentile of fewer requests is the opinion of a handful.</summary>
    public const long LeastForP99 = 1000;

    readonly List<double> _capacity = [];
    readonly List<double> _cpu = [];
    double _bytes;

    public LatencyHistogram Latency { get; } = new();

    public long Requests { get; private set; }

    public long Failed { get; private set; }

    /// <summary>Requests of both loads.</summary>
    public long AllRequests { get; private set; }

    public double P50 => Latency.MillisecondsAt(50);

    public double P95 => Latency.MillisecondsAt(95);

    /// <summary>Milliseconds, or null with fewer than 1,000 requests.</summary>
    public double? P99 => Latency.Count >= LeastForP99 ? Latency.MillisecondsAt(99) : null;

    /// <summary>Median over rounds of the closed load's requests per second.</summary>
    public double Capacity => _capacity.Count == 0 ? 0 : Quantiles.Median([.. _capacity]);

    /// <summary>Median over rounds of CPU milliseconds per request, or null where none could be read.</summary>
    public double? CpuMs => _cpu.Count == 0 ? null : Quantiles.Median([.. _cpu]);

    public double BytesPerRequest => Requests == 0 ? 0 : _bytes / Requests;

    public void Add(SideRound round)
    {
        Latency.Add(round.Latency);
        Requests += round.Requests;
        AllRequests += round.Requests + round.ClosedRequests;
        Failed += round.Failed;
        _capacity.Add(round.Capacity);
        _bytes += round.Bytes * round.Requests;
        if (double.IsFinite(round.CpuMs) && round.CpuMs > 0)
        {
            _cpu.Add(round.CpuMs);
        }
    }
}

/// <summary>One round as the archive keeps it.</summary>
/// <param name="CandidateFirst">Which side was loaded first.</param>
/// <param name="Reference">The state before.</param>
/// <param name="Candidate">The state with the action.</param>
internal sealed record RoundRecord(bool CandidateFirst, SideRound Reference, SideRound Candidate);
