using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

/// <summary>How the rounds of a made-up machine scatter.</summary>
/// <param name="Name">For tables.</param>
/// <param name="Sigma">Standard deviation of a round's logarithm, on each side by itself.</param>
/// <param name="Shared">The same of what both sides of a round have in common; pairs cancel it.</param>
/// <param name="Bursts">How often a side's round scatters five times as much: another tenant of the machine.</param>
/// <param name="Drift">Step of a random walk that both sides follow.</param>
/// <param name="Bias">Standard deviation of a difference between the two instances that stays for the whole run: memory layout, page colours.</param>
internal sealed record SyntheticNoise(string Name, double Sigma, double Shared = 0, double Bursts = 0, double Drift = 0, double Bias = 0)
{
    /// <summary>Machines from a quiet one to one on which nothing can be told.</summary>
    public static readonly SyntheticNoise[] All =
    [
        new("quiet, 1 %", 0.01),
        new("quiet, 2 %", 0.02),
        new("usual, 5 %", 0.05, Shared: 0.05),
        new("drifting, 3 %", 0.03, Drift: 0.05),
        new("biased instances, 2 % ± 1 %", 0.02, Bias: 0.01),
        new("bursts, 3 %", 0.03, Bursts: 0.08),
        new("loud, 10 %", 0.10, Shared: 0.1, Bursts: 0.05),
        new("hopeless, 50 %", 0.50, Bursts: 0.05),
    ];
}

/// <summary>
/// Whole loops without a service: an A/A run that gives the noise floor, then rounds until the judge decides, with the pace and the options of a full run.
/// </summary>
internal static class SyntheticLoops
{
    const double LeastGain = 0.03;

    /// <param name="noise">The machine.</param>
    /// <param name="gain">What the action really does, as a factor: 1 is nothing, 1.1 is 10 % better.</param>
    /// <param name="seed">Seed of everything.</param>
    public static (Decision Decision, int Rounds) Run(SyntheticNoise noise, double gain, int seed)
    {
        var random = new Random(seed);
        var machine = new Machine(noise, random);
        var aa = machine.Rounds();
        for (var r = 0; r < Pace.Full.CalibrationRounds; r++)
        {
            machine.Add(aa, 1);
        }

        var judge = new Judge(Pace.Full.Plan(0.01), NoiseFloor.From(aa, seed), Math.Log(1 + LeastGain), seed);
        var rounds = machine.Rounds();
        for (var r = 1; ; r++)
        {
            machine.Add(rounds, gain);
            if (judge.Decide(r, rounds).Decision is var decision && decision != Decision.Continue)
            {
                return (decision, r);
            }
        }
    }

    /// <summary>How many of some loops end in each way, and the mean number of rounds.</summary>
    public static (int Kept, int RolledBack, int Inconclusive, double Rounds) Count(SyntheticNoise noise, double gain, int loops, int seed)
    {
        var ends = new (Decision Decision, int Rounds)[loops];
        Parallel.For(0, loops, i => ends[i] = Run(noise, gain, unchecked(seed * 100_003 + i * 977)));
        return (ends.Count(e => e.Decision == Decision.Kept), ends.Count(e => e.Decision == Decision.RolledBack), ends.Count(e => e.Decision == Decision.Inconclusive), ends.Average(e => e.Rounds));
    }

    sealed class Machine(SyntheticNoise noise, Random random)
    {
        readonly double _bias = noise.Bias * Normal(random);
        double _walk;

        public Dictionary<Metric, MetricRounds> Rounds() => Metrics.All.ToDictionary(m => m, _ => new MetricRounds());

        /// <summary>The metrics of a round hang together: half of a side's scatter is common to all four.</summary>
        public void Add(Dictionary<Metric, MetricRounds> rounds, double gain)
        {
            _walk += noise.Drift * Normal(random);
            var common = noise.Shared * Normal(random) + _walk;
            var (a, b) = (Side(), Side());
            foreach (var (metric, values) in rounds)
            {
                var sign = metric.HigherIsBetter() ? 1 : -1;
                values.Add(10 * Math.Exp(-sign * (common + a + Own())), 10 * Math.Exp(sign * Math.Log(gain) - sign * (common + b + Own() + _bias)));
            }
        }

        double Side() => noise.Sigma * Math.Sqrt(0.5) * (random.NextDouble() < noise.Bursts ? 5 : 1) * Normal(random);

        double Own() => noise.Sigma * Math.Sqrt(0.5) * Normal(random);
    }

    static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
