using System.Collections.Concurrent;

namespace Fettle.Tuning.Verification;

/// <summary>
/// The Mann–Whitney U test (Mann and Whitney 1947), two-sided: exact by counting arrangements for samples without ties of up to
/// twenty values each, else the normal approximation with tie and continuity correction.
/// </summary>
internal static class MannWhitney
{
    const int MostExact = 20;

    /// <summary>The chance of a U at least this large, for each pair of sizes: the counting takes longer than everything else of a verdict.</summary>
    static readonly ConcurrentDictionary<(int, int), double[]> Tails = new();

    /// <summary>The probability, if both samples come from one distribution, of rank sums at least this far apart.</summary>
    /// <param name="a">At least one value.</param>
    /// <param name="b">At least one value.</param>
    public static double PValue(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        if (a.IsEmpty || b.IsEmpty)
        {
            Throw.OutOfRange("samples", 0, "at least one value each");
        }

        var (u, ties) = Statistic(a, b);
        return ties == 0 && a.Length <= MostExact && b.Length <= MostExact
            ? Exact(u, a.Length, b.Length)
            : Approximate(u, a.Length, b.Length, ties);
    }

    /// <summary>U of the first sample (pairs in which it is larger, ties count a half) and the tie sum Σ(t³ − t).</summary>
    internal static (double U, double Ties) Statistic(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var u = 0.0;
        foreach (var x in a)
        {
            foreach (var y in b)
            {
                u += x > y ? 1 : x == y ? 0.5 : 0;
            }
        }

        var all = new double[a.Length + b.Length];
        a.CopyTo(all);
        b.CopyTo(all.AsSpan(a.Length));
        Array.Sort(all);
        var ties = 0.0;
        for (var start = 0; start < all.Length;)
        {
            var end = start + 1;
            while (end < all.Length && all[end] == all[start])
            {
                end++;
            }

            double t = end - start;
            ties += t * t * t - t;
            start = end;
        }

        return (u, ties);
    }

    static double Exact(double u, int n, int m) =>
        Math.Min(1, 2 * Tails.GetOrAdd((n, m), static sizes => Tail(sizes.Item1, sizes.Item2))[(int)Math.Max(u, n * m - u)]);

    /// <summary>Counts the arrangements for every U by the recurrence N(u; n, m) = N(u − m; n − 1, m) + N(u; n, m − 1).</summary>
    static double[] Tail(int n, int m)
    {
        var most = n * m;
        var counts = new double[n + 1, most + 1];
        for (var j = 0; j <= n; j++)
        {
            counts[j, 0] = 1;
        }

        // counts[i, u] for a growing number k of second-sample values; k = 0 has only u = 0.
        for (var k = 1; k <= m; k++)
        {
            for (var i = 1; i <= n; i++)
            {
                for (var v = most; v >= k; v--)
                {
                    counts[i, v] += counts[i - 1, v - k];
                }
            }
        }

        var tail = new double[most + 1];
        var sum = 0.0;
        for (var v = most; v >= 0; v--)
        {
            tail[v] = sum += counts[n, v];
        }

        return [.. tail.Select(t => t / sum)];
    }

    static double Approximate(double u, int n, int m, double ties)
    {
        double total = n + m;
        var variance = n * m / 12.0 * (total + 1 - ties / (total * (total - 1)));
        if (variance <= 0)
        {
            return 1;
        }

        var z = Math.Max(0, Math.Abs(u - n * m / 2.0) - 0.5) / Math.Sqrt(variance);
        return Math.Min(1, 2 * Quantiles.NormalUpperTail(z));
    }
}
