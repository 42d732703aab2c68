using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace Fettle.Tuning.Verification;

/// <summary>
/// Studentised (bootstrap-t) intervals for the mean log gain of paired rounds (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 12).
/// Steps: 1. d = ln(reference/candidate) per round, sign turned for metrics where more is better; 2. resample rounds with
/// replacement, t* = (mean* − mean) / se*; 3. bounds are mean − t*(1 − α)·se and mean − t*(α)·se.
/// The plain percentile bootstrap is far too narrow at eight rounds; the studentised one keeps its level. Below ten rounds the resamples are too few kinds to
/// tell a quantile of 0.1 % (at five rounds one in thirty is four times the same value): there the interval is Student's own. It is safe
/// without normal noise, because sides in random order make the gains of an idle action symmetric, and the t test errs to the cautious side
/// for every symmetric distribution (Efron 1969, Student's t-test under symmetry conditions).
/// </summary>
internal static class PairedBootstrap
{
    public const int DefaultResamples = 20_000;
    const int LeastToResample = 10;

    /// <param name="gains">Log gains, one per round, at least two.</param>
    /// <param name="alpha">Error of each one-sided bound, in (0, 0.5).</param>
    /// <param name="random">Source of the resamples: a seeded one repeats the interval.</param>
    /// <param name="resamples">How many bootstrap resamples; the bound's quantile needs at least 10 / alpha of them to be steady.</param>
    public static PairedEffect Effect(ReadOnlySpan<double> gains, double alpha, Random random, int resamples = DefaultResamples)
    {
        if (gains.Length < 2)
        {
            Throw.OutOfRange(nameof(gains), gains.Length, "at least two rounds");
        }

        if (alpha is not (> 0 and < 0.5))
        {
            Throw.OutOfRange(nameof(alpha), alpha, "between 0 and 0.5, both excluded");
        }

        var (mean, error) = MeanAndError(gains);
        if (error < 1e-12)
        {
            // Rounds that agree to the last bit happen with made data only: there is nothing to resample.
            return new PairedEffect(mean, mean, mean, 0, gains.Length);
        }

        if (gains.Length < LeastToResample)
        {
            var quantile = StudentT.Quantile(1 - alpha, gains.Length - 1);
            return new PairedEffect(mean, mean - quantile * error, mean + quantile * error, error, gains.Length);
        }

        var t = new double[resamples];
        Resample(Terms(gains, mean), t, (ulong)random.NextInt64());
        var high = Finite(Quantiles.Select(t, Math.Clamp((int)Math.Ceiling((1 - alpha) * resamples) - 1, 0, resamples - 1)));
        var low = Finite(Quantiles.Select(t, Math.Clamp((int)Math.Floor(alpha * resamples), 0, resamples - 1)));
        return new PairedEffect(mean, mean - high * error, mean - low * error, error, gains.Length);
    }

    /// <summary>Log gains of candidate over reference; <paramref name="higherIsBetter"/> for throughput and hit rates.</summary>
    public static double[] LogGains(ReadOnlySpan<double> reference, ReadOnlySpan<double> candidate, bool higherIsBetter)
    {
        if (reference.Length != candidate.Length)
        {
            Throw.LengthsDiffer(reference.Length, candidate.Length);
        }

        var gains = new double[reference.Length];
        for (var i = 0; i < gains.Length; i++)
        {
            var gain = Math.Log(reference[i] / candidate[i]);
            gains[i] = higherIsBetter ? -gain : gain;
        }

        return gains;
    }

    /// <summary>A bound cannot be told when the quantile itself is infinite: it is then as wide as a factor of e^700, never NaN.</summary>
    static double Finite(double t) => double.IsInfinity(t) ? Math.Sign(t) * 700 : t;

    /// <summary>Value and square of each gain, centred once, so that one pass gives both sums of a resample without cancellation.</summary>
    static Vector128<double>[] Terms(ReadOnlySpan<double> gains, double mean)
    {
        var terms = new Vector128<double>[gains.Length];
        for (var i = 0; i < terms.Length; i++)
        {
            terms[i] = Vector128.Create(gains[i] - mean, (gains[i] - mean) * (gains[i] - mean));
        }

        return terms;
    }

    /// <summary>
    /// t* of as many resamples as there is room for. A verdict takes millions of draws: three come from one random number of wyrand (Wang Yi 2019), 21 bits each, so that the odds
    /// of a thousand rounds differ by less than one in a thousand; a draw is one addition of two lanes.
    /// </summary>
    [ExcludeFromCodeCoverage(Justification = "A counter in every statement makes a draw a hundred times dearer; the tests hold the result to plain code.")]
    internal static void Resample(ReadOnlySpan<Vector128<double>> terms, Span<double> t, ulong seed)
    {
        const ulong Step = 0xA0761D6478BD642F, Mask = 0xE7037ED1A0B428DB, Bits = (1 << 21) - 1;
        var n = (ulong)terms.Length;
        for (var b = 0; b < t.Length; b++)
        {
            var (one, two, three) = (Vector128<double>.Zero, Vector128<double>.Zero, Vector128<double>.Zero);
            for (var left = terms.Length; left > 0; left -= 3)
            {
                seed += Step;
                var z = Math.BigMul(seed, seed ^ Mask, out var low) ^ low;
                one += terms[(int)(((z >> 43) * n) >> 21)];
                if (left > 1)
                {
                    two += terms[(int)((((z >> 22) & Bits) * n) >> 21)];
                }

                if (left > 2)
                {
                    three += terms[(int)((((z >> 1) & Bits) * n) >> 21)];
                }
            }

            var sums = one + two + three;
            t[b] = Studentised(sums[0], sums[1], terms.Length);
        }
    }

    /// <summary>A resample of one value repeated has no error of its own: it counts as infinitely far out, which only widens the interval.</summary>
    [ExcludeFromCodeCoverage(Justification = "Part of the loop over resamples.")]
    static double Studentised(double sum, double squares, double n)
    {
        var mean = sum / n;
        var error = Math.Sqrt(Math.Max(0, squares - sum * mean) / (n - 1) / n);
        return error < 1e-12 ? (mean == 0 ? 0 : double.PositiveInfinity * Math.Sign(mean)) : mean / error;
    }

    static (double Mean, double Error) MeanAndError(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        var mean = sum / values.Length;
        var squares = 0.0;
        foreach (var value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return (mean, Math.Sqrt(squares / (values.Length - 1) / values.Length));
    }
}
