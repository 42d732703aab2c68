namespace Fettle.LoadTesting.Capacity;

/// <summary>
/// The Universal Scalability Law (Neil Gunther, "Guerrilla Capacity Planning"): throughput of N concurrent requests (or N instances)
/// <c>X(N) = λN / (1 + σ(N − 1) + κN(N − 1))</c>, with λ the throughput of one, σ the share that runs one after another (contention)
/// and κ the cost of keeping every pair consistent (coherency).
/// </summary>
/// <param name="Lambda">Throughput at N = 1, per second.</param>
/// <param name="Sigma">Contention, 0 or more.</param>
/// <param name="Kappa">Coherency, 0 or more.</param>
public sealed record ScalabilityLaw(double Lambda, double Sigma, double Kappa)
{
    /// <summary>The concurrency of the highest throughput; infinite when κ is zero.</summary>
    public double PeakConcurrency => Kappa <= 0 ? double.PositiveInfinity : Math.Floor(Math.Sqrt(Math.Max(0, 1 - Sigma) / Kappa));

    /// <summary>The highest throughput per second; with κ = 0 the limit λ/σ.</summary>
    public double PeakThroughput => Kappa > 0 ? ThroughputAt(Math.Max(1, PeakConcurrency)) : Sigma > 0 ? Lambda / Sigma : double.PositiveInfinity;

    /// <summary>Throughput per second at a concurrency.</summary>
    public double ThroughputAt(double concurrency) => Lambda * concurrency / (1 + Sigma * (concurrency - 1) + Kappa * concurrency * (concurrency - 1));

    /// <summary>Mean latency in seconds at a concurrency (Little's law).</summary>
    public double LatencyAt(double concurrency) => concurrency / ThroughputAt(concurrency);

    /// <summary>The smallest concurrency that gives the throughput, or NaN when it is beyond the peak.</summary>
    public double ConcurrencyFor(double throughput)
    {
        // λN = X(1 + σ(N−1) + κN(N−1)): a quadratic in N; the smaller root lies before the peak.
        var a = throughput * Kappa;
        var b = throughput * (Sigma - Kappa) - Lambda;
        var c = throughput * (1 - Sigma);
        if (a < 1e-300)
        {
            return b < 0 ? -c / b : double.NaN;
        }

        var root = b * b - 4 * a * c;
        return root < 0 || b > 0 ? double.NaN : 2 * c / (-b + Math.Sqrt(root));
    }

    /// <summary>
    /// Fits the law to measured points by least squares (Gauss–Newton with Levenberg's damping, σ and κ kept at 0 or above).
    /// </summary>
    /// <param name="points">Concurrency (above 0) and throughput per second (above 0), at least three different concurrencies.</param>
    /// <exception cref="ArgumentException">There are too few points, or a point is not positive.</exception>
    public static ScalabilityLaw Fit(IReadOnlyList<(double Concurrency, double Throughput)> points)
    {
        if (points.Select(p => p.Concurrency).Distinct().Count() < 3)
        {
            throw new ArgumentException($"{points.Count} points with {points.Select(p => p.Concurrency).Distinct().Count()} different concurrencies; at least 3 are needed", nameof(points));
        }

        foreach (var (n, x) in points)
        {
            if (!(n > 0 && x > 0 && double.IsFinite(n) && double.IsFinite(x)))
            {
                throw new ArgumentException($"point ({n}, {x}) is not above 0", nameof(points));
            }
        }

        double[] at = [points.Max(p => p.Throughput / p.Concurrency), 0.1, 0.01];
        var damping = 1e-3;
        var best = Residual(points, at);
        for (var round = 0; round < 2_000 && damping < 1e12; round++)
        {
            var step = Step(points, at, damping);
            double[] next = [Math.Max(1e-12, at[0] + step[0]), Math.Max(0, at[1] + step[1]), Math.Max(0, at[2] + step[2])];
            var residual = Residual(points, next);
            if (residual < best)
            {
                var done = best - residual < 1e-15 * best;
                (at, best, damping) = (next, residual, damping / 5);
                if (done)
                {
                    break;
                }
            }
            else
            {
                damping *= 4;
            }
        }

        return new ScalabilityLaw(at[0], at[1], at[2]);
    }

    /// <summary>The 95 % interval of the mean throughput at a concurrency: the fit repeated on resampled residuals, seeded.</summary>
    public (double Low, double High) Interval(IReadOnlyList<(double Concurrency, double Throughput)> points, double concurrency) => Resampled(points, concurrency, another: false);

    /// <summary>The 95 % interval of one more run at a concurrency: the interval of the mean and a run's own scatter.</summary>
    public (double Low, double High) PredictionInterval(IReadOnlyList<(double Concurrency, double Throughput)> points, double concurrency) => Resampled(points, concurrency, another: true);

    (double Low, double High) Resampled(IReadOnlyList<(double Concurrency, double Throughput)> points, double concurrency, bool another)
    {
        const int Fits = 200;
        var random = new Random(9);
        var errors = points.Select(p => p.Throughput / ThroughputAt(p.Concurrency) - 1).ToArray();
        var widened = Math.Sqrt(points.Count / Math.Max(1.0, points.Count - 3));
        double Error() => errors[random.Next(errors.Length)] * widened;
        var found = Enumerable.Range(0, Fits).Select(_ =>
            Fit([.. points.Select(p => (p.Concurrency, Math.Max(1e-9, ThroughputAt(p.Concurrency) * (1 + Error()))))]).ThroughputAt(concurrency) * (another ? 1 + Error() : 1)).Order().ToArray();
        return (found[Fits / 40], found[Fits - 1 - Fits / 40]);
    }

    static double Residual(IReadOnlyList<(double N, double X)> points, double[] p)
    {
        var law = new ScalabilityLaw(p[0], p[1], p[2]);
        return points.Sum(q => (q.X - law.ThroughputAt(q.N)) * (q.X - law.ThroughputAt(q.N)));
    }

    static double[] Step(IReadOnlyList<(double N, double X)> points, double[] p, double damping)
    {
        var m = new double[3, 4];
        foreach (var (n, x) in points)
        {
            var d = 1 + p[1] * (n - 1) + p[2] * n * (n - 1);
            var y = p[0] * n / d;
            double[] slope = [n / d, -y * (n - 1) / d, -y * n * (n - 1) / d];
            for (var i = 0; i < 3; i++)
            {
                for (var j = 0; j < 3; j++)
                {
                    m[i, j] += slope[i] * slope[j];
                }

                m[i, 3] += slope[i] * (x - y);
            }
        }

        for (var i = 0; i < 3; i++)
        {
            m[i, i] *= 1 + damping;
        }

        for (var i = 0; i < 3; i++)
        {
            for (var k = i + 1; k < 3; k++)
            {
                var f = m[i, i] == 0 ? 0 : m[k, i] / m[i, i];
                for (var j = i; j < 4; j++)
                {
                    m[k, j] -= f * m[i, j];
                }
            }
        }

        var step = new double[3];
        for (var i = 2; i >= 0; i--)
        {
            step[i] = m[i, 3];
            for (var j = i + 1; j < 3; j++)
            {
                step[i] -= m[i, j] * step[j];
            }

            step[i] = m[i, i] == 0 ? 0 : step[i] / m[i, i];
        }

        return step;
    }
}
