namespace Fettle.Services.Stocks.Features;

/// <summary>Growth, margin trend, returns and ratios of the quarters announced by the date.</summary>
internal static class FundamentalFeatures
{
    /// <summary>Nine quarters reach the growth of the four quarters before the latest, each against its own year before.</summary>
    const int Reach = 9;

    /// <param name="quarters">In order of fiscal quarter; later restatements of a quarter are not expected.</param>
    /// <param name="features">Six values: growth, margin trend, return on equity, debt to equity, current ratio, revenue surprise.</param>
    public static void Compute(ReadOnlySpan<QuarterResult> quarters, int day, Span<double> features)
    {
        features.Fill(double.NaN);
        var latest = quarters.Length - 1;
        while (latest >= 0 && quarters[latest].AnnouncedDay > day)
        {
            latest--;
        }

        if (latest < 0)
        {
            return;
        }

        // back[k] is the quarter k before the latest, all NaN where it is missing or was not announced yet.
        Span<QuarterResult> back = stackalloc QuarterResult[Reach];
        back.Fill(new QuarterResult(0, 0, 0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN));
        for (var i = latest; i >= 0; i--)
        {
            var distance = quarters[latest].Index - quarters[i].Index;
            if (distance < Reach && quarters[i].AnnouncedDay <= day)
            {
                back[distance] = quarters[i];
            }
        }

        var now = back[0];
        features[0] = 100 * Growth(back, 0);
        features[1] = MarginTrend(back);
        features[2] = 100 * Ratio(back[3].Profit + back[2].Profit + back[1].Profit + now.Profit, now.Equity);
        features[3] = Ratio(now.Debt, now.Equity);
        features[4] = Ratio(now.CurrentAssets, now.CurrentLiabilities);
        features[5] = Surprise(back);
    }

    /// <summary>Growth of the quarter k before the latest against four quarters earlier, as a fraction of the base's size.</summary>
    static double Growth(ReadOnlySpan<QuarterResult> back, int k) =>
        Ratio(back[k].Revenue - back[k + 4].Revenue, Math.Abs(back[k + 4].Revenue));

    /// <summary>Least-squares slope over the positions −1.5, −0.5, 0.5, 1.5, whose squares sum to 5.</summary>
    static double MarginTrend(ReadOnlySpan<QuarterResult> back) =>
        (-1.5 * back[3].NetMargin - 0.5 * back[2].NetMargin + 0.5 * back[1].NetMargin + 1.5 * back[0].NetMargin) / 5;

    static double Surprise(ReadOnlySpan<QuarterResult> back)
    {
        var (sum, count) = (0.0, 0);
        for (var k = 4; k >= 1; k--)
        {
            var growth = Growth(back, k);
            if (!double.IsNaN(growth))
            {
                sum += growth;
                count++;
            }
        }

        if (count == 0)
        {
            return double.NaN;
        }

        var expected = back[4].Revenue * (1 + sum / count);
        return 100 * Ratio(back[0].Revenue - expected, Math.Abs(expected));
    }

    static double Ratio(double value, double @base) => @base == 0 ? double.NaN : value / @base;
}
