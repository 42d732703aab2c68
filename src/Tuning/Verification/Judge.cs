using System.Globalization;

namespace Fettle.Tuning.Verification;

/// <summary>What the loop decides about an action.</summary>
internal enum Decision
{
    /// <summary>More rounds are needed.</summary>
    Continue,
    Kept,
    RolledBack,
    Inconclusive,
}

/// <summary>A decision, its one-sentence reason and the effects behind it.</summary>
internal sealed record Judgement(Decision Decision, string Reason, IReadOnlyDictionary<Metric, PairedEffect> Effects, IReadOnlyDictionary<Metric, double> MannWhitneyP)
{
    public static string Word(Decision decision) => decision switch
    {
        Decision.Kept => "kept",
        Decision.RolledBack => "rolled back",
        _ => "inconclusive",
    };
}

/// <summary>
/// Turns paired rounds into a verdict.
/// 1. <b>Better</b>: the lower bound of a metric's log gain, at this look's share of α divided by the number of metrics, is above the noise floor that the
///    A/A run left for that metric, and Mann–Whitney over the same rounds agrees (p &lt; 0.05).
/// 2. <b>Worse</b>: the upper bound is below minus the floor. Latency and capacity that get worse refuse the action whatever else gains; CPU alone does not.
/// 3. <b>Idle</b>: every metric's bounds (at 5 %) lie within ± the largest effect that is not worth an action (the noise floor up to 10 %): refused without waiting for the last round.
/// 4. At the last round what is none of these is inconclusive, never a guess.
/// </summary>
internal sealed class Judge
{
    const double AgreementP = 0.05;
    const double MostIdle = 0.1;
    readonly RoundPlan _plan;
    readonly IReadOnlyDictionary<Metric, double> _floor;
    readonly double _negligible;
    readonly int _seed;

    /// <param name="plan">Looks and error spending.</param>
    /// <param name="floor">Noise floor per metric as a log gain, from the A/A run; absent means 0.</param>
    /// <param name="negligible">Log gain below which an action is not worth keeping, 0–0.5; 0.03 is 3 %.</param>
    /// <param name="seed">Seed of the bootstrap.</param>
    public Judge(RoundPlan plan, IReadOnlyDictionary<Metric, double> floor, double negligible, int seed)
    {
        _plan = plan;
        _floor = floor;
        _negligible = Throw.InRange(negligible, 0, 0.5, nameof(negligible));
        _seed = seed;
    }

    /// <summary>Rounds before the first verdict: fewer say nothing.</summary>
    public int FirstLook => _plan.FirstLook;

    /// <summary>Judges at the plan's looks; between them the loop continues.</summary>
    /// <param name="rounds">Rounds measured so far.</param>
    /// <param name="samples">Per metric the paired values; a metric with fewer than four pairs is left out.</param>
    public Judgement Decide(int rounds, IReadOnlyDictionary<Metric, MetricRounds> samples)
    {
        if (!_plan.IsLook(rounds))
        {
            return new Judgement(Decision.Continue, "", new Dictionary<Metric, PairedEffect>(), new Dictionary<Metric, double>());
        }

        var usable = samples.Where(s => s.Value.Count >= 4).ToDictionary(s => s.Key, s => LogGains(s.Key, s.Value));
        if (usable.Count == 0)
        {
            return new Judgement(rounds >= _plan.Maximum ? Decision.Inconclusive : Decision.Continue, "no metric has four complete rounds", new Dictionary<Metric, PairedEffect>(), new Dictionary<Metric, double>());
        }

        var alpha = _plan.AlphaAt(rounds) / Metrics.All.Length;
        var effects = usable.ToDictionary(u => u.Key, u => PairedBootstrap.Effect(u.Value, alpha, new Random(_seed + rounds * 31 + (int)u.Key)));
        var agreement = usable.ToDictionary(u => u.Key, u => MannWhitney.PValue([.. samples[u.Key].Reference], [.. samples[u.Key].Candidate]));
        var better = effects.Where(e => e.Value.Lower > Floor(e.Key) && agreement[e.Key] < AgreementP).OrderByDescending(e => e.Value.Estimate).ToArray();
        var worse = effects.Where(e => e.Key != Metric.Cpu && e.Value.Upper < -Floor(e.Key) && agreement[e.Key] < AgreementP).OrderBy(e => e.Value.Estimate).ToArray();
        if (worse.Length > 0)
        {
            var loss = worse[0];
            return new Judgement(Decision.RolledBack, Invariant($"{loss.Key.Name()} is {1 / loss.Value.Factor:0.00}× worse (at least {1 / loss.Value.UpperFactor:0.00}×)"), effects, agreement);
        }

        if (better.Length > 0)
        {
            var gain = better[0];
            return new Judgement(Decision.Kept, Invariant($"{gain.Key.Name()} is {Factor(gain.Value.Factor)}× better (at least {Factor(gain.Value.LowerFactor)}×, noise {Math.Exp(Floor(gain.Key)) - 1:0.0%})"), effects, agreement);
        }

        var idle = usable.ToDictionary(u => u.Key, u => PairedBootstrap.Effect(u.Value, 0.05, new Random(_seed + 7 + rounds * 31 + (int)u.Key), 4000));
        if (idle.All(e => e.Value.Upper < Margin(e.Key) && e.Value.Lower > -Margin(e.Key)))
        {
            var most = idle.Max(e => Math.Exp(Math.Max(Math.Abs(e.Value.Upper), Math.Abs(e.Value.Lower))) - 1);
            return new Judgement(Decision.RolledBack, Invariant($"no effect: every metric within {most:0.0%} of the state before"), effects, agreement);
        }

        if (rounds < _plan.Maximum)
        {
            return new Judgement(Decision.Continue, "", effects, agreement);
        }

        var detectable = effects.Min(e => Math.Exp(Math.Max(Floor(e.Key), 0) + e.Value.MinimumDetectable(alpha)) - 1);
        return new Judgement(Decision.Inconclusive, Invariant($"{rounds} rounds do not separate it from noise; the smallest gain they would show is {detectable:0%}"), effects, agreement);
    }

    /// <summary>Effects smaller than this are none. A loud machine widens it to 10 % and no further: "no effect within a factor of two" would say nothing.</summary>
    double Margin(Metric metric) => Math.Max(Math.Min(Floor(metric), MostIdle), _negligible);

    double Floor(Metric metric) => _floor.GetValueOrDefault(metric);

    static double[] LogGains(Metric metric, MetricRounds rounds) =>
        PairedBootstrap.LogGains([.. rounds.Reference], [.. rounds.Candidate], metric.HigherIsBetter());

    static string Factor(double factor) => factor.ToString(factor >= 10 ? "0" : "0.00", CultureInfo.InvariantCulture);

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
