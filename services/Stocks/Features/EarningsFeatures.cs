using Fettle.Services.Stocks.Labels;

namespace Fettle.Services.Stocks.Features;

/// <summary>How the stock moved on the trading day after its last announcements, and how far away the next one is.</summary>
internal static class EarningsFeatures
{
    const int Announcements = 8;

    /// <param name="bars">Bars known on the day.</param>
    /// <param name="features">Three values: mean and sample deviation of the returns in per cent, calendar days to the next announcement (0 on its day).</param>
    public static void Compute(in FeatureInputs inputs, int bars, int day, Span<double> features)
    {
        Span<double> returns = stackalloc double[Announcements];
        var count = 0;
        var past = StockHistory.CountUpTo(inputs.Announcements, day);
        for (var i = past - 1; i >= 0 && count < Announcements; i--)
        {
            var announced = inputs.Announcements[i];
            var next = StockHistory.CountUpTo(inputs.Days, announced);
            if (next >= 1 && next < bars && inputs.Days[next] <= announced + LabelRule.LookAheadDays && inputs.Closes[next - 1] != 0)
            {
                // Filled from the back, so that the sums below run in date order.
                returns[Announcements - ++count] = 100 * (inputs.Closes[next] - inputs.Closes[next - 1]) / inputs.Closes[next - 1];
            }
        }

        var known = returns[(Announcements - count)..];
        var mean = Mean(known);
        features[0] = mean;
        features[1] = Deviation(known, mean);
        var coming = StockHistory.CountUpTo(inputs.Announcements, day - 1);
        features[2] = coming < inputs.Announcements.Length ? inputs.Announcements[coming] - day : double.NaN;
    }

    static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return values.IsEmpty ? double.NaN : sum / values.Length;
    }

    static double Deviation(ReadOnlySpan<double> values, double mean)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (value - mean) * (value - mean);
        }

        return values.Length < 2 ? double.NaN : Math.Sqrt(sum / (values.Length - 1));
    }
}
