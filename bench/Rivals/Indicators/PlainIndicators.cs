namespace Fettle.Bench.Rivals.Indicators;

/// <summary>The bars of one stock and scratch columns, as a straightforward program has them.</summary>
internal sealed class PlainBars(double[] open, double[] high, double[] low, double[] close, double[] volume, double[] reference)
{
    public double[] Open { get; } = open;
    public double[] High { get; } = high;
    public double[] Low { get; } = low;
    public double[] Close { get; } = close;
    public double[] Volume { get; } = volume;
    public double[] Reference { get; } = reference;
    public double[] ScratchA { get; } = new double[close.Length];
    public double[] ScratchB { get; } = new double[close.Length];
    public int Count => Close.Length;
}

/// <summary>
/// The plain scalar loop of each indicator, default parameters: sums that are added to and subtracted from, extremes that are remembered by their index and
/// searched again when they leave, as TA-Lib does it. Fast for one stock, and free to drift. Values before the warm-up are left as they are.
/// </summary>
internal static partial class PlainIndicators
{
    public delegate void Loop(PlainBars bars, double[][] outputs);

    public static IReadOnlyDictionary<string, Loop> All { get; } = new Dictionary<string, Loop>(StringComparer.Ordinal)
    {
        ["adx"] = Adx, ["aroon"] = Aroon, ["atr"] = (b, o) => Atr(b, o[0], 14), ["bbands"] = Bands, ["beta"] = Beta, ["cci"] = Cci, ["correl"] = Correlation,
        ["dema"] = Dema, ["donchian"] = Donchian, ["drawdown"] = Drawdown, ["ema"] = (b, o) => Ema(b.Close, o[0], 20, 0), ["keltner"] = Keltner, ["macd"] = Macd,
        ["mfi"] = Mfi, ["minmax"] = MinMax, ["mom"] = Momentum, ["natr"] = Natr, ["obv"] = Obv, ["roc"] = RateOfChange, ["rsi"] = (b, o) => Rsi(b.Close, o[0], 14),
        ["sar"] = Sar, ["sma"] = (b, o) => Sma(b.Close, o[0], 20, 0), ["stddev"] = (b, o) => Deviation(b.Close, o[0], b.ScratchA, 20), ["stoch"] = Stochastic,
        ["stochf"] = FastStochastic, ["stochrsi"] = StochasticRsi, ["tema"] = Tema, ["trange"] = (b, o) => TrueRange(b, o[0]), ["vwap"] = Vwap, ["willr"] = WilliamsR, ["wma"] = Wma,
    };

    static void Sma(double[] x, double[] y, int period, int first)
    {
        var sum = 0.0;
        for (var i = first; i < x.Length; i++)
        {
            sum += x[i];
            if (i >= first + period - 1)
            {
                y[i] = sum / period;
                sum -= x[i - period + 1];
            }
        }
    }

    static void Smooth(double[] x, double[] y, int period, int first, double weight)
    {
        if (first + period > x.Length)
        {
            return;
        }

        var mean = 0.0;
        for (var i = first; i < first + period; i++)
        {
            mean += x[i];
        }

        mean /= period;
        y[first + period - 1] = mean;
        for (var i = first + period; i < x.Length; i++)
        {
            mean += weight * (x[i] - mean);
            y[i] = mean;
        }
    }

    static void Ema(double[] x, double[] y, int period, int first) => Smooth(x, y, period, first, 2.0 / (period + 1));

    static void Wma(PlainBars bars, double[][] outputs)
    {
        const int Period = 20;
        var (x, y) = (bars.Close, outputs[0]);
        double sum = 0, weighted = 0;
        for (var i = 0; i < x.Length; i++)
        {
            if (i >= Period)
            {
                weighted -= sum;
                sum -= x[i - Period];
                weighted += Period * x[i];
            }
            else
            {
                weighted += (i + 1) * x[i];
            }

            sum += x[i];
            y[i] = weighted * 2 / (Period * (Period + 1));
        }
    }

    static void Dema(PlainBars bars, double[][] outputs)
    {
        Ema(bars.Close, bars.ScratchA, 20, 0);
        Ema(bars.ScratchA, bars.ScratchB, 20, 19);
        for (var i = 38; i < bars.Count; i++)
        {
            outputs[0][i] = 2 * bars.ScratchA[i] - bars.ScratchB[i];
        }
    }

    static void Tema(PlainBars bars, double[][] outputs)
    {
        Ema(bars.Close, bars.ScratchA, 20, 0);
        Ema(bars.ScratchA, bars.ScratchB, 20, 19);
        Ema(bars.ScratchB, outputs[0], 20, 38);
        for (var i = 57; i < bars.Count; i++)
        {
            outputs[0][i] += 3 * bars.ScratchA[i] - 3 * bars.ScratchB[i];
        }
    }

    static void Macd(PlainBars bars, double[][] outputs)
    {
        Ema(bars.Close, bars.ScratchA, 12, 14);
        Ema(bars.Close, bars.ScratchB, 26, 0);
        for (var i = 25; i < bars.Count; i++)
        {
            outputs[0][i] = bars.ScratchA[i] - bars.ScratchB[i];
        }

        Ema(outputs[0], outputs[1], 9, 25);
        for (var i = 33; i < bars.Count; i++)
        {
            outputs[2][i] = outputs[0][i] - outputs[1][i];
        }
    }

    static void Rsi(double[] x, double[] y, int period)
    {
        double gain = 0, loss = 0;
        for (var i = 1; i < x.Length; i++)
        {
            var change = x[i] - x[i - 1];
            var (up, down) = (change > 0 ? change : 0, change < 0 ? -change : 0);
            if (i <= period)
            {
                gain += up / period;
                loss += down / period;
            }
            else
            {
                gain = (gain * (period - 1) + up) / period;
                loss = (loss * (period - 1) + down) / period;
            }

            if (i >= period)
            {
                y[i] = gain + loss == 0 ? 0 : 100 * gain / (gain + loss);
            }
        }
    }

    /// <summary>Deviations; the means are left in <paramref name="mean"/>.</summary>
    static void Deviation(double[] x, double[] y, double[] mean, int period)
    {
        double sum = 0, squares = 0;
        for (var i = 0; i < x.Length; i++)
        {
            sum += x[i];
            squares += x[i] * x[i];
            if (i >= period - 1)
            {
                mean[i] = sum / period;
                y[i] = Math.Sqrt(Math.Max(0, squares / period - mean[i] * mean[i]));
                sum -= x[i - period + 1];
                squares -= x[i - period + 1] * x[i - period + 1];
            }
        }
    }

    static void Bands(PlainBars bars, double[][] outputs)
    {
        Deviation(bars.Close, bars.ScratchA, outputs[1], 20);
        for (var i = 19; i < bars.Count; i++)
        {
            var half = 2 * bars.ScratchA[i];
            outputs[0][i] = outputs[1][i] + half;
            outputs[2][i] = outputs[1][i] - half;
            outputs[3][i] = half == 0 ? 0.5 : (bars.Close[i] - outputs[2][i]) / (2 * half);
        }
    }

    static void Momentum(PlainBars bars, double[][] outputs)
    {
        for (var i = 10; i < bars.Count; i++)
        {
            outputs[0][i] = bars.Close[i] - bars.Close[i - 10];
        }
    }

    static void RateOfChange(PlainBars bars, double[][] outputs)
    {
        for (var i = 10; i < bars.Count; i++)
        {
            outputs[0][i] = bars.Close[i - 10] == 0 ? double.NaN : (bars.Close[i] / bars.Close[i - 10] - 1) * 100;
        }
    }

    static void Drawdown(PlainBars bars, double[][] outputs)
    {
        var (peak, deepest) = (bars.Close[0], 0.0);
        for (var i = 0; i < bars.Count; i++)
        {
            peak = Math.Max(peak, bars.Close[i]);
            outputs[0][i] = (bars.Close[i] / peak - 1) * 100;
            outputs[1][i] = deepest = Math.Min(deepest, outputs[0][i]);
        }
    }
}
