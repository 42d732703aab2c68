using Fettle.LoadTesting.Reports;

namespace Fettle.LoadTesting.Tests.Reports;

public sealed class RunComparisonTests
{
    /// <summary>Medians of half seconds as a machine gives them: a slow drift (autocorrelated) and noise, with an occasional spike.</summary>
    static double[] Blocks(Random random, int count, double level)
    {
        var drift = 0.0;
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            drift = 0.7 * drift + 0.02 * Gauss(random);
            return level * Math.Exp(drift + 0.02 * Gauss(random)) * (random.Next(40) == 0 ? 3 : 1);
        })];
    }

    static double Gauss(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    static ComparisonVerdict Verdict(double[] a, double[] b, long failed = 0, double noiseThreshold = RunComparison.DefaultNoiseThreshold) =>
        RunComparison.Judge(a, b, (0, 10_000), (failed, 10_000), [3, 3], noiseThreshold).Verdict;

    [Fact]
    public void IdenticalRuns_RaiseAtMostFivePercentFalseAlarms()
    {
        var random = new Random(42);
        var alarms = Enumerable.Range(0, 200).Count(_ => Verdict(Blocks(random, 60, 5), Blocks(random, 60, 5)) != ComparisonVerdict.NoDifference);
        alarms.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public void IdenticalRuns_RaiseFewFalseAlarms_ByTheTestAlone()
    {
        var random = new Random(42);
        var alarms = Enumerable.Range(0, 200).Count(_ => Verdict(Blocks(random, 60, 5), Blocks(random, 60, 5), noiseThreshold: 0) != ComparisonVerdict.NoDifference);
        alarms.ShouldBeLessThanOrEqualTo(10);
    }

    [Theory]
    [InlineData(0, ComparisonVerdict.Worse)]
    [InlineData(RunComparison.DefaultNoiseThreshold, ComparisonVerdict.NoDifference)]
    public void ThreePercentBetweenRuns_CountOnlyBelowTheThreshold(double threshold, ComparisonVerdict expected)
    {
        var random = new Random(45);
        double[] Calm(double level) => [.. Enumerable.Range(0, 60).Select(_ => level * Math.Exp(0.005 * Gauss(random)))];
        Verdict(Calm(20), Calm(20.6), noiseThreshold: threshold).ShouldBe(expected);
    }

    [Theory]
    [InlineData(0.9, ComparisonVerdict.Better)]
    [InlineData(1.1, ComparisonVerdict.Worse)]
    public void TenPercent_IsFound(double factor, ComparisonVerdict expected)
    {
        var random = new Random(43);
        var found = Enumerable.Range(0, 50).Count(_ => Verdict(Blocks(random, 60, 5), Blocks(random, 60, 5 * factor)) == expected);
        found.ShouldBeGreaterThanOrEqualTo(45);
    }

    [Fact]
    public void MoreErrors_AreWorseHoweverFast()
    {
        var random = new Random(44);
        Verdict(Blocks(random, 60, 5), Blocks(random, 60, 2), failed: 100).ShouldBe(ComparisonVerdict.Worse);
    }

    [Fact]
    public void ShortRuns_AreRefused() => Verdict([1, 2, 3], [1, 2, 3]).ShouldBe(ComparisonVerdict.Unlike);

    [Fact]
    public void MannWhitney_EqualsAPublishedExample()
    {
        // Without ties and autocorrelation: U = 4 for these samples, z = 2.08 (normal approximation with continuity correction).
        double[] a = [19, 22, 16, 29, 24];
        double[] b = [20, 11, 17, 12];
        BlockStatistics.MannWhitney(a, b).ShouldBe(0.1113, 0.002);
    }
}
