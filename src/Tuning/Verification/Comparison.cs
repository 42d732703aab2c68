using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Verification;

/// <summary>What the rounds of two live instances say.</summary>
internal sealed record ComparisonResult
{
    public required RoundShape Shape { get; init; }

    public required IReadOnlyList<RoundRecord> Rounds { get; init; }

    public required SideTotals Reference { get; init; }

    public required SideTotals Candidate { get; init; }

    public required IReadOnlyDictionary<Metric, MetricRounds> Samples { get; init; }

    /// <summary>Null for an A/A run, which judges nothing.</summary>
    public Judgement? Judgement { get; init; }

    public bool GeneratorLimited => Rounds.Count(r => r.Reference.GeneratorLimited || r.Candidate.GeneratorLimited) > Rounds.Count / 2;
}

/// <summary>
/// Loads two live instances in turn, in random order, round after round, until the judge decides, a guardrail breaks, or the time is up.
/// Both get the same requests in a round; nothing else differs than what is tried.
/// </summary>
internal sealed class Comparison(Prober prober, TimeProvider time, int seed)
{
    /// <summary>Brings the state of a side about before it is loaded: where both sides are one instance, the action is done and undone in turn.</summary>
    public Func<bool, CancellationToken, Task>? Bring { get; init; }

    /// <summary>Share of the machine's memory in use, 0–1.</summary>
    public Func<double> MemoryInUse { get; init; } = ProcessCpu.MemoryInUse;

    /// <param name="reference">The state before.</param>
    /// <param name="candidate">The state with the action.</param>
    /// <param name="shape">Load per round.</param>
    /// <param name="rounds">Most rounds.</param>
    /// <param name="judge">Decides after each round; null runs all rounds (A/A).</param>
    /// <param name="limit">No round begins after this much time.</param>
    /// <param name="onRound">Told the number of each round before it begins.</param>
    /// <param name="cancellation">Stops between and within rounds.</param>
    public async Task<ComparisonResult> RunAsync(
        ServiceInstance reference, ServiceInstance candidate, RoundShape shape, int rounds, Judge? judge, TimeSpan limit, Action<int> onRound, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var records = new List<RoundRecord>();
        var samples = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        var (before, after) = (new SideTotals(), new SideTotals());
        Judgement? judgement = null;
        var begin = time.GetTimestamp();
        for (var round = 1; round <= rounds; round++)
        {
            onRound(round);
            var candidateFirst = random.Next(2) == 1;
            var first = await SideAsync(candidateFirst);
            var second = await SideAsync(!candidateFirst);
            var record = candidateFirst ? new RoundRecord(true, second, first) : new RoundRecord(false, first, second);
            records.Add(record);
            before.Add(record.Reference);
            after.Add(record.Candidate);
            Add(samples, record);
            if (judge is null)
            {
                // Four rounds give a floor, if a wide one; a slow service must not spend the whole budget on its noise.
                if (round >= 4 && time.GetElapsedTime(begin) > limit)
                {
                    break;
                }

                continue;
            }

            if (Guardrail.Broken(candidate, records, MemoryInUse()) is { } reason)
            {
                judgement = new Judgement(Decision.RolledBack, reason, judgement?.Effects ?? new Dictionary<Metric, PairedEffect>(), judgement?.MannWhitneyP ?? new Dictionary<Metric, double>());
                break;
            }

            var decided = judge.Decide(round, samples);
            judgement = decided.Effects.Count > 0 || judgement is null ? decided : judgement;
            if (decided.Decision != Decision.Continue)
            {
                judgement = decided;
                break;
            }

            if (round >= judge.FirstLook && time.GetElapsedTime(begin) > limit)
            {
                judgement = judgement with { Decision = Decision.Inconclusive, Reason = $"the time for it ended after {round} rounds without a decision" };
                break;
            }
        }

        return new ComparisonResult { Shape = shape, Rounds = records, Reference = before, Candidate = after, Samples = samples, Judgement = judgement };

        async Task<SideRound> SideAsync(bool withAction)
        {
            if (Bring is not null)
            {
                await Bring(withAction, cancellation);
            }

            return await prober.RoundAsync(withAction ? candidate : reference, shape, seed + (records.Count + 1) * 7919, cancellation);
        }
    }

    internal static void Add(Dictionary<Metric, MetricRounds> samples, RoundRecord record)
    {
        var (a, b) = (record.Reference, record.Candidate);
        samples[Metric.P50].Add(a.Latency.MillisecondsAt(50), b.Latency.MillisecondsAt(50));
        samples[Metric.P95].Add(a.Latency.MillisecondsAt(95), b.Latency.MillisecondsAt(95));
        samples[Metric.Capacity].Add(a.Capacity, b.Capacity);
        samples[Metric.Cpu].Add(a.CpuMs, b.CpuMs);
    }
}
