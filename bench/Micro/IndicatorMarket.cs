using Fettle.Indicators;

namespace Fettle.Bench.Micro;

/// <summary>The market of the specification: 11,000 stocks of 365 generated bars.</summary>
internal static class IndicatorMarket
{
    public static BarMatrix Create(int stocks = 11_000, int days = 365)
    {
        var bars = new BarMatrix(stocks, days);
        var random = new Random(1);
        for (var s = 0; s < stocks; s++)
        {
            var price = 50 + random.NextDouble() * 2000;
            for (var d = 0; d < days; d++)
            {
                var open = price;
                price *= 1 + (random.NextDouble() - 0.5) * 0.04;
                bars.Open[s][d] = open;
                bars.Close[s][d] = price;
                bars.High[s][d] = Math.Max(open, price) * 1.01;
                bars.Low[s][d] = Math.Min(open, price) * 0.99;
                bars.Volume[s][d] = random.Next(1000, 1_000_000);
            }

            bars.SetCount(s, days);
        }

        return bars;
    }

    /// <summary>25 outputs: the indicators of the specification's table, and those a feature set commonly adds.</summary>
    public static Indicator[] TwentyFiveOutputs() =>
    [
        new Rsi(14), new Macd(12, 26, 9), new BollingerBands(20, 2), new Atr(14), new Adx(14), new Obv(), new Stochastic(5, 3, 3),
        new Sma(20), new Ema(20), new Wma(20), new Momentum(10), new RateOfChange(10), new WilliamsR(14), new Cci(14), new Mfi(14), new Natr(14), new Dema(20),
    ];
}

/// <summary>One stock after the other: as a series, and bar by bar.</summary>
internal static class IndicatorPaths
{
    public static void Series(Indicator indicator, BarMatrix bars, SeriesMatrix[] outputs)
    {
        for (var s = 0; s < bars.Stocks; s++)
        {
            indicator.Compute(bars[s], new(
                outputs[0][s],
                outputs.Length > 1 ? outputs[1][s] : default,
                outputs.Length > 2 ? outputs[2][s] : default,
                outputs.Length > 3 ? outputs[3][s] : default));
        }
    }

    public static void Stream(Indicator indicator, BarMatrix bars)
    {
        var stream = indicator.Stream();
        for (var s = 0; s < bars.Stocks; s++)
        {
            stream.Reset();
            for (var i = 0; i < bars.Capacity; i++)
            {
                stream.Append(new Bar(bars.Open[s][i], bars.High[s][i], bars.Low[s][i], bars.Close[s][i], bars.Volume[s][i]) { Reference = bars.Reference![s][i] });
            }
        }
    }
}
