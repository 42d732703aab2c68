namespace Fettle.Tuning.Verification;

/// <summary>
/// The effect of a candidate on one metric over paired rounds, as natural logarithms of reference/candidate ratios:
/// positive is better, 0 is no effect, ln 2 is twice as good.
/// </summary>
/// <param name="Estimate">Mean log gain over rounds.</param>
/// <param name="Lower">Lower confidence bound, one-sided at the level the interval was asked for.</param>
/// <param name="Upper">Upper confidence bound, one-sided at the same level.</param>
/// <param name="StandardError">Standard error of the mean log gain.</param>
/// <param name="Rounds">Paired rounds behind it.</param>
internal sealed record PairedEffect(double Estimate, double Lower, double Upper, double StandardError, int Rounds)
{
    /// <summary>How many times better the candidate is: 2 halves a latency or doubles a throughput.</summary>
    public double Factor => Math.Exp(Estimate);

    public double LowerFactor => Math.Exp(Lower);

    public double UpperFactor => Math.Exp(Upper);

    /// <summary>The log gain that this many rounds of this noise find in four of five runs at the one-sided level given as a normal quantile.</summary>
    public double MinimumDetectable(double alpha) =>
        (Quantiles.Normal(1 - alpha) + Quantiles.Normal(0.8)) * StandardError;
}
