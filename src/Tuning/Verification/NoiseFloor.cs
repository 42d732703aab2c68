namespace Fettle.Tuning.Verification;

/// <summary>
/// What an A/A run says: both sides are the same, so whatever differs is noise or the instances' own bias.
/// The floor of a metric is the larger end of the 90 % interval of the A/A effect, at least 1 %; a gain below it is not believed.
/// </summary>
internal static class NoiseFloor
{
    const double Least = 0.01;

    public static Dictionary<Metric, double> From(IReadOnlyDictionary<Metric, MetricRounds> rounds, int seed)
    {
        var floor = new Dictionary<Metric, double>();
        foreach (var (metric, values) in rounds)
        {
            if (values.Count < 4)
            {
                continue;
            }

            var gains = PairedBootstrap.LogGains([.. values.Reference], [.. values.Candidate], metric.HigherIsBetter());
            var effect = PairedBootstrap.Effect(gains, 0.05, new Random(seed + (int)metric), 4000);
            floor[metric] = Math.Max(Least, Math.Max(Math.Abs(effect.Lower), Math.Abs(effect.Upper)));
        }

        return floor;
    }
}
