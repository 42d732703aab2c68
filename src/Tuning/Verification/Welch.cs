namespace Fettle.Tuning.Verification;

/// <summary>The difference of two means of unpaired samples with unequal spread (Welch, Biometrika 1947), degrees of freedom after Satterthwaite.</summary>
internal static class Welch
{
    /// <param name="reference">At least two values.</param>
    /// <param name="candidate">At least two values.</param>
    /// <param name="alpha">One-sided error of each bound, in (0, 0.5).</param>
    /// <returns>Mean of the reference minus mean of the candidate.</returns>
    public static PairedEffect Effect(ReadOnlySpan<double> reference, ReadOnlySpan<double> candidate, double alpha)
    {
        if (reference.Length < 2 || candidate.Length < 2)
        {
            Throw.OutOfRange("samples", Math.Min(reference.Length, candidate.Length), "at least two values each");
        }

        var (a, va) = MeanAndVariance(reference);
        var (b, vb) = MeanAndVariance(candidate);
        var (ea, eb) = (va / reference.Length, vb / candidate.Length);
        var error = Math.Sqrt(ea + eb);
        if (error < 1e-12)
        {
            return new PairedEffect(a - b, a - b, a - b, 0, Math.Min(reference.Length, candidate.Length));
        }

        // Rounded down: fewer degrees of freedom only widen the interval.
        var degrees = (int)Math.Max(1, (ea + eb) * (ea + eb) / (ea * ea / (reference.Length - 1) + eb * eb / (candidate.Length - 1)));
        var t = StudentT.Quantile(1 - alpha, degrees);
        return new PairedEffect(a - b, a - b - t * error, a - b + t * error, error, Math.Min(reference.Length, candidate.Length));
    }

    static (double Mean, double Variance) MeanAndVariance(ReadOnlySpan<double> values)
    {
        var mean = 0.0;
        foreach (var value in values)
        {
            mean += value / values.Length;
        }

        var squares = 0.0;
        foreach (var value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return (mean, squares / (values.Length - 1));
    }
}
