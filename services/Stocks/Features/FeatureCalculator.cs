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
    static readonly Rsi Strength = new(14);
    static readonly Macd Convergence = new(12, 26, 9);
    static readonly BollingerBands Bands = new(20, 2);

    /// <summary>Writes the features; false, and nothing written, with fewer than <see cref="LeastBars"/> bars up to the date.</summary>
    public static bool TryCompute(StockHistory history, DateOnly date, Span<double> features) => TryCompute(
        new FeatureInputs
        {
            Days = history.Days,
            Closes = history.Closes,
            Volumes = history.Volumes,
            Quarters = history.Quarters,
            News = history.News,
            Announcements = history.Announcements,
        },
        date,
        features);

    /// <summary>The same from wherever the columns lie.</summary>
    public static bool TryCompute(in FeatureInputs inputs, DateOnly date, Span<double> features)
    {
        var bars = StockHistory.CountUpTo(inputs.Days, date.DayNumber);
        if (bars < LeastBars)
        {
            return false;
        }

        Technical(inputs.Closes[..bars], features);
        Rest(inputs, bars, date, features);
        return true;
    }

    /// <summary>Every feature but the eight indicators.</summary>
    internal static void Rest(in FeatureInputs inputs, int bars, DateOnly date, Span<double> features)
    {
        var closes = inputs.Closes[..bars];
        Volume(inputs.Volumes[..bars], features[8..10]);
        features[10] = Change(closes, 5);
        features[11] = Change(closes, 10);
        features[12] = Change(closes, 30);
        FundamentalFeatures.Compute(inputs.Quarters, date.DayNumber, features[13..19]);
        NewsFeatures.Compute(inputs.News, date, features[19..22]);
        EarningsFeatures.Compute(inputs, bars, date.DayNumber, features[22..25]);
    }

    /// <summary>Indicators are seeded at the first stored bar and run over all bars; only the last values are kept.</summary>
    internal static void Technical(ReadOnlySpan<double> closes, Span<double> features)
    {
        var bars = closes.Length;
        var rented = ArrayPool<double>.Shared.Rent(4 * bars);
        try
        {
            var a = rented.AsSpan(0, bars);
            var b = rented.AsSpan(bars, bars);
            var c = rented.AsSpan(2 * bars, bars);
            var d = rented.AsSpan(3 * bars, bars);
            Strength.Compute(closes, new(a));
            features[0] = a[^1];
            Convergence.Compute(closes, new(a, b, c));
            (features[1], features[2], features[3]) = (a[^1], b[^1], c[^1]);
            Bands.Compute(closes, new(a, b, c, d));
            (features[4], features[5], features[6], features[7]) = (a[^1], b[^1], c[^1], d[^1]);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }
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
