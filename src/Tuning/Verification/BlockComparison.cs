using System.Globalization;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Verification;

/// <summary>
/// The weakest design, for one instance whose action takes too long to be done and undone in turn: a block of rounds before, a block after.
/// What changed meanwhile on the machine is measured by a request that the action does not touch and is taken off the effect; what is left must be
/// twice what two live instances would have to show. One look, at the end.
/// </summary>
internal sealed class BlockComparison(Prober prober, TimeProvider time, int seed, string control)
{
    /// <summary>A machine whose untouched request moved by more than a quarter is another machine.</summary>
    const double MostDrift = 0.25;
    static readonly TimeSpan ControlLoad = TimeSpan.FromSeconds(0.3);

    public async Task<ComparisonResult> RunAsync(
        ServiceInstance instance, RoundShape shape, int rounds, double alpha, IReadOnlyDictionary<Metric, double> floor, double negligible, Func<bool, CancellationToken, Task> bring, TimeSpan limit, CancellationToken cancellation)
    {
        await bring(false, cancellation);
        var begin = time.GetTimestamp();
        var before = await BlockAsync(instance, shape, rounds, cancellation);
        await bring(true, cancellation);
        var after = await BlockAsync(instance, shape, rounds, cancellation);
        return Judge(shape, before, after, alpha, floor, negligible, seed) is var result && time.GetElapsedTime(begin) > 3 * limit && result.Judgement!.Decision == Decision.Kept
            ? result with { Judgement = result.Judgement with { Decision = Decision.Inconclusive, Reason = "the time for it ended long before its rounds did" } }
            : result;
    }

    /// <summary>The verdict on two blocks of as many rounds each, every round with its control in milliseconds.</summary>
    internal static ComparisonResult Judge(
        RoundShape shape, IReadOnlyList<(SideRound Round, double Control)> before, IReadOnlyList<(SideRound Round, double Control)> after, double alpha, IReadOnlyDictionary<Metric, double> floor, double negligible, int seed)
    {
        var samples = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        var (reference, candidate) = (new SideTotals(), new SideTotals());
        var records = new List<RoundRecord>();
        for (var i = 0; i < before.Count; i++)
        {
            var (a, b) = (before[i].Round, after[i].Round);
            records.Add(new RoundRecord(false, a, b));
            reference.Add(a);
            candidate.Add(b);

            // Above 1 when the machine got faster: latencies after are put back to what they would have been, capacity likewise.
            var drift = before[i].Control / after[i].Control;
            samples[Metric.P50].Add(a.Latency.MillisecondsAt(50), b.Latency.MillisecondsAt(50) * drift);
            samples[Metric.P95].Add(a.Latency.MillisecondsAt(95), b.Latency.MillisecondsAt(95) * drift);
            samples[Metric.Capacity].Add(a.Capacity, b.Capacity / drift);

            // Processor time follows the clock rate and not the queue: no control tells how much, so it decides nothing here.
        }

        var twice = Metrics.All.ToDictionary(m => m, m => 2 * Math.Max(floor.GetValueOrDefault(m), negligible));
        var judge = new Judge(new RoundPlan(before.Count, before.Count, 1, alpha), twice, Math.Min(0.5, 2 * negligible), seed);
        var judgement = judge.Decide(before.Count, samples);
        var moved = Math.Log(Quantiles.Median([.. before.Select(r => r.Control)]) / Quantiles.Median([.. after.Select(r => r.Control)]));
        if (!(Math.Abs(moved) <= MostDrift))
        {
            judgement = judgement with
            {
                Decision = Decision.Inconclusive,
                Reason = string.Create(CultureInfo.InvariantCulture, $"the control request, which the action does not touch, moved by a factor of {Math.Exp(Math.Abs(moved)):0.00} between the blocks: the machine changed"),
            };
        }

        return new ComparisonResult { Shape = shape, Rounds = records, Reference = reference, Candidate = candidate, Samples = samples, Judgement = judgement };
    }

    async Task<List<(SideRound, double)>> BlockAsync(ServiceInstance instance, RoundShape shape, int rounds, CancellationToken cancellation)
    {
        var block = new List<(SideRound, double)>();
        for (var i = 1; i <= rounds; i++)
        {
            var milliseconds = await prober.ControlAsync(instance, control, ControlLoad, cancellation);
            block.Add((await prober.RoundAsync(instance, shape, seed + i * 7919, cancellation), milliseconds));
        }

        return block;
    }
}
