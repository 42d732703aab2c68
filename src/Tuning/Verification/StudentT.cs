namespace Fettle.Tuning.Verification;

/// <summary>Student's t distribution with whole degrees of freedom (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4).</summary>
internal static class StudentT
{
    /// <summary>P(T ≤ t).</summary>
    /// <param name="t">Any finite value.</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Cdf(double t, int degrees)
    {
        var angle = Math.Atan(t / Math.Sqrt(Throw.InRange(degrees, 1, 100_000, nameof(degrees))));
        var (sin, cos) = Math.SinCos(angle);
        var odd = degrees % 2 == 1;
        var term = odd ? cos : 1;
        var sum = degrees == 1 ? 0 : term;
        for (var k = odd ? 3 : 2; k <= degrees - 2; k += 2)
        {
            term *= cos * cos * (k - 1) / k;
            sum += term;
        }

        var middle = odd ? 2 / Math.PI * (angle + sin * sum) : sin * sum;
        return (1 + middle) / 2;
    }

    /// <summary>The t with P(T ≤ t) = p, by bisection to the last digits.</summary>
    /// <param name="p">Probability in (0, 1).</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Quantile(double p, int degrees)
    {
        if (p is not (> 0 and < 1))
        {
            Throw.OutOfRange(nameof(p), p, "between 0 and 1, both excluded");
        }

        var (low, high) = (-1.0, 1.0);
        while (Cdf(low, degrees) > p)
        {
            low *= 2;
        }

        while (Cdf(high, degrees) < p)
        {
            high *= 2;
        }

        for (var i = 0; i < 200 && high - low > 1e-13 * Math.Max(1, Math.Abs(high)); i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Cdf(middle, degrees) < p ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }
}
