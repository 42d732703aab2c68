namespace Fettle.Indicators.Tests;

/// <summary>Generated bars: the same seed gives the same bars.</summary>
internal static class Market
{
    public static double[][] Bars(int seed, int count, double price = 100, double volatility = 0.02)
    {
        var random = new Random(seed);
        var columns = Enumerable.Range(0, 6).Select(_ => new double[count]).ToArray();
        var index = 1000.0;
        for (var i = 0; i < count; i++)
        {
            var open = price;
            // Quiet stretches with equal prices, as real illiquid stocks have them.
            price = random.Next(12) == 0 ? price : Round(price * (1 + volatility * (random.NextDouble() + random.NextDouble() - 1)));
            columns[0][i] = open;
            columns[1][i] = Round(Math.Max(open, price) * (1 + volatility * random.NextDouble() / 2));
            columns[2][i] = Round(Math.Min(open, price) * (1 - volatility * random.NextDouble() / 2));
            columns[3][i] = price;
            columns[4][i] = random.Next(20) == 0 ? 0 : random.Next(1, 2_000_000);
            columns[5][i] = index *= 1 + 0.01 * (random.NextDouble() - 0.5);
        }

        return columns;
    }

    public static BarSeries Series(double[][] c) => Series(c, 0, c[0].Length);

    public static BarSeries Series(double[][] c, int from, int to) => new()
    {
        Open = c[0].AsSpan(from..to),
        High = c[1].AsSpan(from..to),
        Low = c[2].AsSpan(from..to),
        Close = c[3].AsSpan(from..to),
        Volume = c[4].AsSpan(from..to),
        Reference = c[5].AsSpan(from..to),
    };

    public static Bar Bar(double[][] c, int i) => new(c[0][i], c[1][i], c[2][i], c[3][i], c[4][i]) { Reference = c[5][i] };

    public static double[][] Compute(Indicator indicator, double[][] columns) => Compute(indicator, Series(columns), columns[0].Length);

    public static double[][] Compute(Indicator indicator, BarSeries bars, int count)
    {
        var outputs = Enumerable.Range(0, 4).Select(k => k < indicator.Descriptor.Outputs.Count ? new double[count] : []).ToArray();
        indicator.Compute(bars, new(outputs[0], outputs[1], outputs[2], outputs[3]));
        return outputs[..indicator.Descriptor.Outputs.Count];
    }

    public static BarMatrix Matrix(params double[][][] stocks)
    {
        var capacity = stocks.Max(s => s[0].Length);
        var matrix = new BarMatrix(stocks.Length, capacity) { Reference = new SeriesMatrix(stocks.Length, capacity) };
        SeriesMatrix[] fields = [matrix.Open, matrix.High, matrix.Low, matrix.Close, matrix.Volume, matrix.Reference];
        for (var s = 0; s < stocks.Length; s++)
        {
            for (var f = 0; f < fields.Length; f++)
            {
                stocks[s][f].CopyTo(fields[f][s]);
            }

            matrix.SetCount(s, stocks[s][0].Length);
        }

        return matrix;
    }

    /// <summary>Every catalogue entry with its defaults, with other parameters, and in its other conventions.</summary>
    public static IEnumerable<Indicator> AllIndicators()
    {
        foreach (var entry in IndicatorCatalog.All)
        {
            yield return IndicatorCatalog.Create(entry.Name);
            yield return IndicatorCatalog.Create(entry.Name, [.. entry.Parameters.Select((p, i) => p.Choices.Count > 0 ? p.Choices.Count - 1 : Other(p, i))]);
        }
    }

    static double Other(ParameterDescriptor p, int index) => !p.IsInteger ? p.Default * 1.5 : p.Minimum + 1 + 2 * index;

    static double Round(double price) => price > 1 ? Math.Round(price * 20) / 20 : price;

    /// <summary>The first position at which two results differ in a bit (all NaN are alike), or −1.</summary>
    public static int FirstDifference(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        if (a.Length != b.Length)
        {
            return Math.Min(a.Length, b.Length);
        }

        for (var i = 0; i < a.Length; i++)
        {
            if (BitConverter.DoubleToInt64Bits(a[i]) != BitConverter.DoubleToInt64Bits(b[i]) && !(double.IsNaN(a[i]) && double.IsNaN(b[i])))
            {
                return i;
            }
        }

        return -1;
    }
}
