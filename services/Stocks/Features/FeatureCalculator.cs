using System.Buffers;
using Fettle.Indicators;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// The one implementation of the 25 features; serving, training rows and the nightly run all call it.
/// It sees what was known at the end of the date: bars up to it, quarters announced by it, news published before its end,
/// announcements before it. Too few bars is the caller's error; any other missing input makes its features NaN.
/// </summary>
internal static class FeatureCalculator
{
    public const int LeastBars = 35;
    const int VolumeWindow = 29;

    /// <summary>Writes the features; false, and nothing written, with fewer than <see cref="LeastBars"/> bars up to the date.</summary>
    public static bool TryCompute(StockHistory history, DateOnly date, Span<double> features)
    {
        var day = date.DayNumber;
        var bars = history.BarsUpTo(day);
        if (bars < LeastBars)
        {
            return false;
        }

        var closes = history.Closes.AsSpan(0, bars);
        Technical(closes, features);
        Volume(history.Volumes.AsSpan(0, bars), features[8..10]);
        FundamentalFeatures.Compute(history.Quarters, day, features[13..19]);
        NewsFeatures.Compute(history.News, date, features[19..22]);
        EarningsFeatures.Compute(history, bars, day, features[22..25]);
        return true;
    }

    /// <summary>Indicators are seeded at the first stored bar and run over all bars; only the last values are kept.</summary>
    static void Technical(ReadOnlySpan<double> closes, Span<double> features)
    {
        var bars = closes.Length;
        var rented = ArrayPool<double>.Shared.Rent(4 * bars);
        try
        {
            var a = rented.AsSpan(0, bars);
            var b = rented.AsSpan(bars, bars);
            var c = rented.AsSpan(2 * bars, bars);
            var d = rented.AsSpan(3 * bars, bars);
            Rsi.Series(closes, 14, a);
            features[0] = a[^1];
            Macd.Series(closes, 12, 26, 9, a, b, c);
            (features[1], features[2], features[3]) = (a[^1], b[^1], c[^1]);
            BollingerBands.Series(closes, 20, 2, a, b, c, d);
            (features[4], features[5], features[6], features[7]) = (a[^1], b[^1], c[^1], d[^1]);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }

        features[10] = Change(closes, 5);
        features[11] = Change(closes, 10);
        features[12] = Change(closes, 30);
    }

    /// <summary>Per cent between the last close and the one so many bars before.</summary>
    static double Change(ReadOnlySpan<double> closes, int bars) =>
        closes[^(bars + 1)] == 0 ? double.NaN : 100 * (closes[^1] - closes[^(bars + 1)]) / closes[^(bars + 1)];

    static void Volume(ReadOnlySpan<double> volumes, Span<double> features)
    {
        var sum = 0.0;
        foreach (var volume in volumes[^(VolumeWindow + 1)..^1])
        {
            sum += volume;
        }

        var ratio = sum == 0 ? double.NaN : volumes[^1] / (sum / VolumeWindow);
        features[0] = ratio;
        features[1] = double.IsNaN(ratio) ? double.NaN : ratio > 2 ? 1 : 0;
    }
}
