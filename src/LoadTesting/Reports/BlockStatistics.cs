namespace Fettle.LoadTesting.Reports;

/// <summary>Statistics on the medians of half seconds.</summary>
static class BlockStatistics
{
    const int Resamples = 400;

    /// <summary>
    /// Two-sided p value of the Mann–Whitney test (normal approximation, corrected for ties). Neighbouring blocks resemble each other,
    /// so the variance is widened by the first-order autocorrelation of both series.
    /// </summary>
    public static double MannWhitney(double[] a, double[] b)
    {
        var all = a.Select(v => (v, First: true)).Concat(b.Select(v => (v, First: false))).OrderBy(v => v.v).ToArray();
        double ranks = 0, ties = 0;
        for (var i = 0; i < all.Length;)
        {
            var j = i;
            while (j < all.Length && all[j].v == all[i].v)
            {
                j++;
            }

            ranks += (i + 1 + j) / 2.0 * all[i..j].Count(v => v.First);
            ties += Math.Pow(j - i, 3) - (j - i);
            i = j;
        }

        double n = a.Length, m = b.Length;
        var u = ranks - n * (n + 1) / 2;
        var variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))) * Inflation(a, b);
        return variance <= 0 ? 1 : Math.Min(1, 2 * Upper((Math.Abs(u - n * m / 2) - 0.5) / Math.Sqrt(variance)));
    }

    /// <summary>The shift of b against a in percent and its 95 % interval: median of pairwise log ratios, moving-block bootstrap.</summary>
    public static (double Shift, double Low, double High) Shift(double[] a, double[] b)
    {
        var random = new Random(12345);
        var (x, y) = (Logs(a), Logs(b));
        var shifts = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            shifts[i] = Middle(Resample(y, random)) - Middle(Resample(x, random));
        }

        Array.Sort(shifts);
        return (Percent(Pairwise(x, y)), Percent(shifts[(int)(Resamples * 0.025)]), Percent(shifts[(int)(Resamples * 0.975)]));
    }

    /// <summary>Half the width of the 95 % interval of the mean of neighbouring values, widened by their first-order autocorrelation.</summary>
    public static double HalfWidth(double[] values)
    {
        if (values.Length < 3)
        {
            return double.PositiveInfinity;
        }

        var mean = values.Average();
        var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
        return 1.96 * deviation / Math.Sqrt(values.Length) * Math.Sqrt(Inflation(values, values));
    }

    static double[] Logs(double[] values) => [.. values.Select(v => Math.Log(Math.Max(1e-6, v)))];

    static double Percent(double log) => 100 * (Math.Exp(log) - 1);

    static double Middle(double[] values) => BlockNoise.Median(values);

    static double Pairwise(double[] x, double[] y)
    {
        // At most 400 × 400 pairs; longer runs are thinned evenly.
        var (p, q) = (Thin(x), Thin(y));
        return Middle([.. p.SelectMany(u => q.Select(v => v - u))]);
    }

    static double[] Thin(double[] values) => values.Length <= 400 ? values : [.. Enumerable.Range(0, 400).Select(i => values[i * values.Length / 400])];

    static double[] Resample(double[] values, Random random)
    {
        var length = Math.Max(1, (int)Math.Round(Math.Pow(values.Length, 1 / 3.0)));
        var result = new double[values.Length];
        for (var i = 0; i < result.Length; i += length)
        {
            var from = random.Next(values.Length - length + 1);
            Array.Copy(values, from, result, i, Math.Min(length, result.Length - i));
        }

        return result;
    }

    static double Inflation(double[] a, double[] b)
    {
        var likeness = Math.Max(0, (Likeness(a) * a.Length + Likeness(b) * b.Length) / (a.Length + b.Length));
        return (1 + likeness) / (1 - Math.Min(0.95, likeness));
    }

    static double Likeness(double[] values)
    {
        var ranks = values.Select((v, i) => (v, i)).OrderBy(p => p.v).Select((p, rank) => (p.i, rank)).OrderBy(p => p.i).Select(p => (double)p.rank).ToArray();
        var mean = ranks.Average();
        var squares = ranks.Sum(r => (r - mean) * (r - mean));
        return squares == 0 ? 0 : ranks.Zip(ranks.Skip(1), (p, q) => (p - mean) * (q - mean)).Sum() / squares;
    }

    /// <summary>The upper tail of the normal law (Abramowitz and Stegun 26.2.17; error below 1e-7).</summary>
    static double Upper(double z)
    {
        if (z < 0)
        {
            return 1 - Upper(-z);
        }

        var t = 1 / (1 + 0.2316419 * z);
        var series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        return Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * series;
    }
}
