using Fettle.LoadTesting.Capacity;

namespace Fettle.LoadTesting.Tests.Capacity;

public sealed class ScalabilityLawTests
{
    /// <summary>The published example of usl4j (Schwartz's Cisco benchmark): concurrency and throughput.</summary>
    internal static readonly (double, double)[] Cisco =
    [
        (1, 955.16), (2, 1878.91), (3, 2688.01), (4, 3548.68), (5, 4315.54), (6, 5130.43), (7, 5931.37), (8, 6531.08), (9, 7219.8), (10, 7867.61), (11, 8278.71),
        (12, 8646.7), (13, 9047.84), (14, 9426.55), (15, 9645.37), (16, 9897.24), (17, 10097.6), (18, 10240.5), (19, 10532.39), (20, 10798.52), (21, 11151.43),
        (22, 11518.63), (23, 11806), (24, 12089.37), (25, 12075.41), (26, 12177.29), (27, 12211.41), (28, 12158.93), (29, 12155.27), (30, 12118.04), (31, 12140.4), (32, 12074.39),
    ];

    [Fact]
    public void PublishedExample_IsReproduced()
    {
        var law = ScalabilityLaw.Fit(Cisco);
        law.Sigma.ShouldBe(0.02671591, 0.02671591 * 2e-4);
        law.Kappa.ShouldBe(7.690945e-4, 7.690945e-4 * 2e-4);
        law.Lambda.ShouldBe(995.6486, 995.6486 * 2e-4);
        law.PeakConcurrency.ShouldBe(35);
        law.PeakThroughput.ShouldBe(12341, 12341 * 2e-4);
    }

    [Fact]
    public void ConcurrencyFor_InvertsThroughput()
    {
        var law = new ScalabilityLaw(1000, 0.03, 5e-4);
        foreach (var n in new[] { 1.0, 2, 7.5, 20, 40 })
        {
            law.ConcurrencyFor(law.ThroughputAt(n)).ShouldBe(n, 1e-6);
            new ScalabilityLaw(1000, 0.03, 0).ConcurrencyFor(new ScalabilityLaw(1000, 0.03, 0).ThroughputAt(n)).ShouldBe(n, 1e-6);
        }

        law.ConcurrencyFor(law.PeakThroughput * 1.01).ShouldBe(double.NaN);
    }

    [Fact]
    public void KnownLaw_IsFoundUnderNoise()
    {
        var random = new Random(3);
        var law = new ScalabilityLaw(500, 0.05, 1e-3);
        var points = Enumerable.Range(1, 40).Select(n => ((double)n, law.ThroughputAt(n) * (0.98 + 0.04 * random.NextDouble()))).ToArray();
        var fit = ScalabilityLaw.Fit(points);
        fit.PeakThroughput.ShouldBe(law.PeakThroughput, 0.03 * law.PeakThroughput);
        var (low, high) = fit.Interval(points, 60);
        law.ThroughputAt(60).ShouldBeInRange(low * 0.95, high * 1.05);
        low.ShouldBeLessThan(high);
    }

    [Fact]
    public void BadPoints_AreRefused()
    {
        Should.Throw<ArgumentException>(() => ScalabilityLaw.Fit([(1, 10), (2, 20)])).Message.ShouldContain("at least 3");
        Should.Throw<ArgumentException>(() => ScalabilityLaw.Fit([(1, 10), (2, 20), (3, -1)])).Message.ShouldContain("not above 0");
    }
}
