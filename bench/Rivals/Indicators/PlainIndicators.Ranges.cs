namespace Fettle.Bench.Rivals.Indicators;

/// <summary>Loops over highs, lows and volumes.</summary>
internal static partial class PlainIndicators
{
    static void TrueRange(PlainBars bars, double[] y)
    {
        for (var i = 1; i < bars.Count; i++)
        {
            var before = bars.Close[i - 1];
            y[i] = Math.Max(bars.High[i] - bars.Low[i], Math.Max(Math.Abs(bars.High[i] - before), Math.Abs(bars.Low[i] - before)));
        }
    }

    static void Atr(PlainBars bars, double[] y, int period)
    {
        TrueRange(bars, bars.ScratchA);
        Smooth(bars.ScratchA, y, period, 1, 1.0 / period);
    }

    static void Natr(PlainBars bars, double[][] outputs)
    {
        Atr(bars, outputs[0], 14);
        for (var i = 14; i < bars.Count; i++)
        {
            outputs[0][i] = 100 * outputs[0][i] / bars.Close[i];
        }
    }

    static void Keltner(PlainBars bars, double[][] outputs)
    {
        Atr(bars, bars.ScratchB, 10);
        Ema(bars.Close, outputs[1], 20, 0);
        for (var i = 19; i < bars.Count; i++)
        {
            outputs[0][i] = outputs[1][i] + 2 * bars.ScratchB[i];
            outputs[2][i] = outputs[1][i] - 2 * bars.ScratchB[i];
        }
    }

    static void Adx(PlainBars bars, double[][] outputs)
    {
        const int Period = 14;
        double up = 0, down = 0, range = 0, adx = 0;
        for (var i = 1; i < bars.Count; i++)
        {
            var (rise, fall, before) = (bars.High[i] - bars.High[i - 1], bars.Low[i - 1] - bars.Low[i], bars.Close[i - 1]);
            var keep = i < Period ? 1 : 1 - 1.0 / Period;
            up = up * keep + (rise > fall && rise > 0 ? rise : 0);
            down = down * keep + (fall > rise && fall > 0 ? fall : 0);
            range = range * keep + Math.Max(bars.High[i] - bars.Low[i], Math.Max(Math.Abs(bars.High[i] - before), Math.Abs(bars.Low[i] - before)));
            if (i < Period)
            {
                continue;
            }

            var (plus, minus) = range == 0 ? (0, 0) : (100 * up / range, 100 * down / range);
            var index = plus + minus == 0 ? adx : 100 * Math.Abs(plus - minus) / (plus + minus);
            adx = i < 2 * Period ? adx + index / Period : (adx * (Period - 1) + index) / Period;
            outputs[0][i] = i < 2 * Period - 1 ? double.NaN : adx;
            (outputs[1][i], outputs[2][i]) = (plus, minus);
        }
    }

    /// <summary>The index of the highest value of the window that ends at <paramref name="i"/>: kept, and searched again when it has left.</summary>
    static int Highest(double[] x, int i, int period, int at)
    {
        if (at <= i - period)
        {
            at = i - period + 1;
            for (var k = at + 1; k <= i; k++)
            {
                at = x[k] >= x[at] ? k : at;
            }

            return at;
        }

        return x[i] >= x[at] ? i : at;
    }

    static int Lowest(double[] x, int i, int period, int at)
    {
        if (at <= i - period)
        {
            at = i - period + 1;
            for (var k = at + 1; k <= i; k++)
            {
                at = x[k] <= x[at] ? k : at;
            }

            return at;
        }

        return x[i] <= x[at] ? i : at;
    }

    static void Place(double[] high, double[] low, double[] close, double[] y, int period, int first)
    {
        var (top, bottom) = (-1, -1);
        for (var i = first + period - 1; i < close.Length; i++)
        {
            top = Highest(high, i, period, top);
            bottom = Lowest(low, i, period, bottom);
            y[i] = high[top] == low[bottom] ? 0 : 100 * (close[i] - low[bottom]) / (high[top] - low[bottom]);
        }
    }

    static void Stochastic(PlainBars bars, double[][] outputs)
    {
        Place(bars.High, bars.Low, bars.Close, bars.ScratchA, 5, 0);
        Sma(bars.ScratchA, outputs[0], 3, 4);
        Sma(outputs[0], outputs[1], 3, 6);
    }

    static void FastStochastic(PlainBars bars, double[][] outputs)
    {
        Place(bars.High, bars.Low, bars.Close, outputs[0], 5, 0);
        Sma(outputs[0], outputs[1], 3, 4);
    }

    static void StochasticRsi(PlainBars bars, double[][] outputs)
    {
        Rsi(bars.Close, bars.ScratchA, 14);
        Place(bars.ScratchA, bars.ScratchA, bars.ScratchA, outputs[0], 5, 14);
        Sma(outputs[0], outputs[1], 3, 18);
    }

    static void WilliamsR(PlainBars bars, double[][] outputs)
    {
        var (top, bottom) = (-1, -1);
        for (var i = 13; i < bars.Count; i++)
        {
            top = Highest(bars.High, i, 14, top);
            bottom = Lowest(bars.Low, i, 14, bottom);
            outputs[0][i] = bars.High[top] == bars.Low[bottom] ? 0 : -100 * (bars.High[top] - bars.Close[i]) / (bars.High[top] - bars.Low[bottom]);
        }
    }

    static void MinMax(PlainBars bars, double[][] outputs)
    {
        var (top, bottom) = (-1, -1);
        for (var i = 29; i < bars.Count; i++)
        {
            outputs[0][i] = bars.Close[bottom = Lowest(bars.Close, i, 30, bottom)];
            outputs[1][i] = bars.Close[top = Highest(bars.Close, i, 30, top)];
        }
    }

    static void Donchian(PlainBars bars, double[][] outputs)
    {
        var (top, bottom) = (-1, -1);
        for (var i = 19; i < bars.Count; i++)
        {
            outputs[0][i] = bars.High[top = Highest(bars.High, i, 20, top)];
            outputs[2][i] = bars.Low[bottom = Lowest(bars.Low, i, 20, bottom)];
            outputs[1][i] = (outputs[0][i] + outputs[2][i]) / 2;
        }
    }

    static void Aroon(PlainBars bars, double[][] outputs)
    {
        var (top, bottom) = (-1, -1);
        for (var i = 14; i < bars.Count; i++)
        {
            outputs[0][i] = 100.0 * (14 - (i - (bottom = Lowest(bars.Low, i, 15, bottom)))) / 14;
            outputs[1][i] = 100.0 * (14 - (i - (top = Highest(bars.High, i, 15, top)))) / 14;
            outputs[2][i] = outputs[1][i] - outputs[0][i];
        }
    }

    static void Sar(PlainBars bars, double[][] outputs)
    {
        var (high, low) = (bars.High, bars.Low);
        var (fell, rose) = (low[0] - low[1], high[1] - high[0]);
        var rising = !(fell > 0 && fell > rose);
        var (stop, extreme, factor) = rising ? (low[0], high[1], 0.02) : (high[0], low[1], 0.02);
        for (var i = 1; i < bars.Count; i++)
        {
            var j = Math.Max(i - 1, 1);
            if (rising ? low[i] <= stop : high[i] >= stop)
            {
                stop = rising ? Math.Max(extreme, Math.Max(high[j], high[i])) : Math.Min(extreme, Math.Min(low[j], low[i]));
                rising = !rising;
                (factor, extreme) = (0.02, rising ? high[i] : low[i]);
                outputs[0][i] = stop;
            }
            else
            {
                outputs[0][i] = stop;
                if (rising ? high[i] > extreme : low[i] < extreme)
                {
                    (extreme, factor) = (rising ? high[i] : low[i], Math.Min(factor + 0.02, 0.2));
                }
            }

            stop += factor * (extreme - stop);
            stop = rising ? Math.Min(stop, Math.Min(low[j], low[i])) : Math.Max(stop, Math.Max(high[j], high[i]));
        }
    }

    static void Typical(PlainBars bars, double[] y)
    {
        for (var i = 0; i < bars.Count; i++)
        {
            y[i] = (bars.High[i] + bars.Low[i] + bars.Close[i]) / 3;
        }
    }

    static void Cci(PlainBars bars, double[][] outputs)
    {
        const int Period = 14;
        var x = bars.ScratchA;
        Typical(bars, x);
        var sum = 0.0;
        for (var i = 0; i < bars.Count; i++)
        {
            sum += x[i];
            if (i < Period - 1)
            {
                continue;
            }

            var (mean, deviation) = (sum / Period, 0.0);
            for (var k = i - Period + 1; k <= i; k++)
            {
                deviation += Math.Abs(x[k] - mean);
            }

            outputs[0][i] = deviation == 0 ? 0 : (x[i] - mean) / (0.015 * deviation / Period);
            sum -= x[i - Period + 1];
        }
    }

    static void Obv(PlainBars bars, double[][] outputs)
    {
        var total = outputs[0][0] = bars.Volume[0];
        for (var i = 1; i < bars.Count; i++)
        {
            total += bars.Close[i] > bars.Close[i - 1] ? bars.Volume[i] : bars.Close[i] < bars.Close[i - 1] ? -bars.Volume[i] : 0;
            outputs[0][i] = total;
        }
    }

    static void Mfi(PlainBars bars, double[][] outputs)
    {
        const int Period = 14;
        var (typical, flow) = (bars.ScratchA, bars.ScratchB);
        Typical(bars, typical);
        double rising = 0, falling = 0;
        for (var i = 1; i < bars.Count; i++)
        {
            // The sign of the flow tells to which sum it belongs.
            flow[i] = typical[i] * bars.Volume[i] * Math.Sign(typical[i] - typical[i - 1]);
            rising += Math.Max(flow[i], 0);
            falling -= Math.Min(flow[i], 0);
            if (i > Period)
            {
                rising -= Math.Max(flow[i - Period], 0);
                falling += Math.Min(flow[i - Period], 0);
            }

            if (i >= Period)
            {
                outputs[0][i] = rising + falling == 0 ? 0 : 100 * rising / (rising + falling);
            }
        }
    }

    static void Vwap(PlainBars bars, double[][] outputs)
    {
        const int Period = 20;
        Typical(bars, bars.ScratchA);
        double value = 0, volume = 0;
        for (var i = 0; i < bars.Count; i++)
        {
            value += bars.ScratchA[i] * bars.Volume[i];
            volume += bars.Volume[i];
            if (i >= Period)
            {
                value -= bars.ScratchA[i - Period] * bars.Volume[i - Period];
                volume -= bars.Volume[i - Period];
            }

            outputs[0][i] = volume == 0 ? double.NaN : value / volume;
        }
    }

    static void Correlation(PlainBars bars, double[][] outputs) => Covary(bars.Close, bars.Reference, outputs[0], 30, 0, (xx, yy, xy) => xx * yy <= 0 ? 0 : xy / Math.Sqrt(xx * yy));

    static void Beta(PlainBars bars, double[][] outputs)
    {
        for (var i = 1; i < bars.Count; i++)
        {
            bars.ScratchA[i] = bars.Close[i] / bars.Close[i - 1] - 1;
            bars.ScratchB[i] = bars.Reference[i] / bars.Reference[i - 1] - 1;
        }

        Covary(bars.ScratchA, bars.ScratchB, outputs[0], 5, 1, (_, yy, xy) => yy <= 0 ? double.NaN : xy / yy);
    }

    static void Covary(double[] x, double[] y, double[] output, int period, int first, Func<double, double, double, double> ratio)
    {
        double sumX = 0, sumY = 0, xx = 0, yy = 0, xy = 0;
        for (var i = first; i < x.Length; i++)
        {
            sumX += x[i];
            sumY += y[i];
            xx += x[i] * x[i];
            yy += y[i] * y[i];
            xy += x[i] * y[i];
            if (i >= first + period - 1)
            {
                output[i] = ratio(xx - sumX * sumX / period, yy - sumY * sumY / period, xy - sumX * sumY / period);
                var old = i - period + 1;
                sumX -= x[old];
                sumY -= y[old];
                xx -= x[old] * x[old];
                yy -= y[old] * y[old];
                xy -= x[old] * y[old];
            }
        }
    }
}
