namespace Fettle.Tuning.Verification;

/// <summary>A figure of all rounds together, before and after.</summary>
/// <param name="Before">The reference's.</param>
/// <param name="After">The candidate's.</param>
/// <param name="Estimate">The effect: a factor for latencies (above 1 is better), a difference of shares for failures (above 0 is worse).</param>
/// <param name="Lower">Lower end of the 95 % interval.</param>
/// <param name="Upper">Upper end of the 95 % interval.</param>
/// <param name="Rounds">Pairs of rounds behind it.</param>
internal sealed record PooledEffect(double Before, double After, double Estimate, double Lower, double Upper, int Rounds);

/// <summary>
/// Effects on what a round is too short for: the 99th percentile and the share of failures, of all rounds' requests together. The interval is the percentile bootstrap over rounds, both
/// sides of a round drawn together (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13). They are reported and decide nothing: failures have their guardrail, and
/// a 99th percentile is a matter of few requests.
/// </summary>
internal static class PooledEffects
{
    /// <summary>Coverage of the intervals.</summary>
    public const double Level = 0.95;
    const int Resamples = 1000;

    /// <summary>Null with fewer than 1,000 requests on a side.</summary>
    public static PooledEffect? P99(IReadOnlyList<RoundRecord> rounds)
    {
        if (new[] { rounds.Sum(r => r.Reference.Latency.Count), rounds.Sum(r => r.Candidate.Latency.Count) }.Min() < SideTotals.LeastForP99)
        {
            return null;
        }

        var (before, after) = (new Tail([.. rounds.Select(r => r.Reference.Latency)]), new Tail([.. rounds.Select(r => r.Candidate.Latency)]));
        return Bootstrap(rounds.Count, before.P99, after.P99, (b, a) => b / a);
    }

    /// <summary>The share of requests that failed, of both loads. Where none did, the interval is the rule of three (Hanley and Lippman-Hand 1983).</summary>
    public static PooledEffect Failures(IReadOnlyList<RoundRecord> rounds)
    {
        static double Share(IReadOnlyList<SideRound> sides, int[] drawn)
        {
            var requests = drawn.Sum(i => sides[i].Requests + sides[i].ClosedRequests);
            return requests == 0 ? 0 : (double)drawn.Sum(i => sides[i].Failed) / requests;
        }

        SideRound[] before = [.. rounds.Select(r => r.Reference)], after = [.. rounds.Select(r => r.Candidate)];
        var effect = Bootstrap(rounds.Count, drawn => Share(before, drawn), drawn => Share(after, drawn), (b, a) => a - b);
        if (effect is { Before: 0, After: 0 })
        {
            double Most(SideRound[] sides) => Math.Min(1, 3.0 / Math.Max(1, sides.Sum(s => s.Requests + s.ClosedRequests)));
            effect = effect with { Lower = -Most(before), Upper = Most(after) };
        }

        return effect;
    }

    static PooledEffect Bootstrap(int rounds, Func<int[], double> before, Func<int[], double> after, Func<double, double, double> effect)
    {
        int[] drawn = [.. Enumerable.Range(0, rounds)];
        var (b, a) = (before(drawn), after(drawn));
        var random = new Random(rounds);
        var effects = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            for (var r = 0; r < rounds; r++)
            {
                drawn[r] = random.Next(rounds);
            }

            effects[i] = effect(before(drawn), after(drawn));
        }

        Array.Sort(effects);
        const int Outside = (int)(Resamples * (1 - Level) / 2);
        return new PooledEffect(b, a, effect(b, a), effects[Outside], effects[^(Outside + 1)], rounds);
    }

    /// <summary>The slowest requests of each round: a resample's 99th percentile is found from the top, without merging histograms.</summary>
    sealed class Tail
    {
        readonly double[] _milliseconds;
        readonly long[][] _counts;
        readonly long[] _requests;

        public Tail(LoadTesting.LatencyHistogram[] rounds)
        {
            var buckets = rounds.Select(r => r.Buckets().ToDictionary(b => b.UpperMilliseconds, b => b.Count)).ToArray();
            _requests = [.. rounds.Select(r => r.Count)];
            _milliseconds = [.. buckets.SelectMany(b => b.Keys).Distinct().OrderDescending()];
            _counts = [.. _milliseconds.Select(ms => buckets.Select(b => b.GetValueOrDefault(ms)).ToArray())];
        }

        /// <summary>Nearest rank: the value that one in a hundred requests exceeds at most.</summary>
        public double P99(int[] drawn)
        {
            var requests = 0L;
            foreach (var round in drawn)
            {
                requests += _requests[round];
            }

            var above = requests - (long)Math.Ceiling(0.99 * requests - 1e-9);
            var seen = 0L;
            for (var i = 0; i < _milliseconds.Length; i++)
            {
                var counts = _counts[i];
                foreach (var round in drawn)
                {
                    seen += counts[round];
                }

                if (seen > above)
                {
                    return _milliseconds[i];
                }
            }

            return _milliseconds.Length == 0 ? 0 : _milliseconds[^1];
        }
    }
}
