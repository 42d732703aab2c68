using Fettle.Services.Stocks.Labels;

namespace Fettle.Services.Stocks.Features;

/// <summary>How the stock moved on the trading day after its last announcements, and how far away the next one is.</summary>
internal static class EarningsFeatures
{
    const int Announcements = 8;

    /// <param name="bars">Bars known on the day.</param>
    /// <param name="features">Three values: mean and sample deviation of the returns in per cent, calendar days to the next announcement (0 on its day).</param>
    public static void Compute(StockHistory history, int bars, int day, Span<double> features)
    {
        Span<double> returns = stackalloc double[Announcements];
        var count = 0;
        var past = StockHistory.CountUpTo(history.Announcements, day);
        for (var i = past - 1; i >= 0 && count < Announcements; i--)
        {
            var announced = history.Announcements[i];
            var next = StockHistory.CountUpTo(history.Days, announced);
            if (next >= 1 && next < bars && history.Days[next] <= announced + LabelRule.LookAheadDays && history.Closes[next - 1] != 0)
            {
                // Filled from the back, so that the sums below run in date order.
                returns[Announcements - ++count] = 100 * (history.Closes[next] - history.Closes[next - 1]) / history.Closes[next - 1];
            }
        }

        var known = returns[(Announcements - count)..];
        var mean = Mean(known);
        features[0] = mean;
        features[1] = Deviation(known, mean);
        var coming = StockHistory.CountUpTo(history.Announcements, day - 1);
        features[2] = coming < history.Announcements.Length ? history.Announcements[coming] - day : double.NaN;
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
