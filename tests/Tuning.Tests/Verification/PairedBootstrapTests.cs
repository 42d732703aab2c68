using System.Runtime.Intrinsics;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class PairedBootstrapTests
{
    [Fact]
    public void KnownFactor_IsInsideTheInterval()
    {
        var random = new Random(7);
        var gains = Enumerable.Range(0, 12).Select(_ => Math.Log(2) + Normal(random) * 0.05).ToArray();

        var effect = PairedBootstrap.Effect(gains, 0.01, new Random(1));

        effect.Factor.ShouldBe(2, 0.1);
        effect.LowerFactor.ShouldBeLessThan(effect.Factor);
        effect.UpperFactor.ShouldBeGreaterThan(effect.Factor);
        effect.LowerFactor.ShouldBeGreaterThan(1.5);
    }

    [Theory]
    [InlineData(6, 0.05)]
    [InlineData(8, 0.05)]
    [InlineData(12, 0.01)]
    public void LowerBoundUnderNoEffect_ErrsNoMoreOftenThanPromised(int rounds, double alpha)
    {
        var random = new Random(rounds * 1000);
        const int Loops = 2000;
        var errors = 0;
        for (var loop = 0; loop < Loops; loop++)
        {
            var gains = Enumerable.Range(0, rounds).Select(_ => Normal(random)).ToArray();
            errors += PairedBootstrap.Effect(gains, alpha, random, 1000).Lower > 0 ? 1 : 0;
        }

        // Three standard errors of a binomial proportion above the level.
        errors.ShouldBeLessThanOrEqualTo((int)(Loops * alpha + 3 * Math.Sqrt(Loops * alpha * (1 - alpha))) + 1);
    }

    /// <summary>The oracle: resamples drawn one by one from the runtime's generator, mean and error in two passes.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(24)]
    public void Resamples_AreThoseOfPlainCode(int rounds)
    {
        var random = new Random(rounds);
        double[] gains = [.. Enumerable.Range(0, rounds).Select(_ => Math.Exp(Normal(random)))];
        var mean = gains.Average();
        const int Resamples = 60_000;
        var plain = new double[Resamples];
        var drawn = new double[rounds];
        for (var b = 0; b < Resamples; b++)
        {
            for (var i = 0; i < rounds; i++)
            {
                drawn[i] = gains[random.Next(rounds)];
            }

            var centre = drawn.Average();
            plain[b] = (centre - mean) / Math.Sqrt(drawn.Sum(d => (d - centre) * (d - centre)) / (rounds - 1) / rounds);
        }

        var fast = new double[Resamples];
        PairedBootstrap.Resample([.. gains.Select(g => Vector128.Create(g - mean, (g - mean) * (g - mean)))], fast, 7);
        Array.Sort(plain);
        Array.Sort(fast);
        foreach (var share in new[] { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 })
        {
            var at = (int)(share * Resamples);

            // Within what two samples of quantiles differ by: three standard errors of each rank, read off the plain ones.
            var ranks = (int)(4.5 * Math.Sqrt(Resamples * share * (1 - share)));
            fast[at].ShouldBeInRange(plain[Math.Max(0, at - ranks)], plain[Math.Min(Resamples - 1, at + ranks)], $"quantile {share}");
        }
    }

    [Fact]
    public void SameSeed_SameInterval()
    {
        double[] gains = [0.1, 0.2, 0.05, 0.3, 0.15];
        PairedBootstrap.Effect(gains, 0.01, new Random(3)).ShouldBe(PairedBootstrap.Effect(gains, 0.01, new Random(3)));
    }

    [Fact]
    public void HigherIsBetter_TurnsTheSign()
    {
        PairedBootstrap.LogGains([10], [20], higherIsBetter: true)[0].ShouldBe(Math.Log(2), 1e-12);
        PairedBootstrap.LogGains([10], [20], higherIsBetter: false)[0].ShouldBe(-Math.Log(2), 1e-12);
    }

    [Fact]
    public void EqualRounds_GiveAPointInterval()
    {
        var effect = PairedBootstrap.Effect([0.5, 0.5, 0.5, 0.5], 0.01, new Random(1));
        effect.Lower.ShouldBe(0.5);
        effect.Upper.ShouldBe(0.5);
    }

    [Fact]
    public void OneRound_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => PairedBootstrap.Effect([0.1], 0.01, new Random(1))).Message.ShouldContain("at least two");

    [Fact]
    public void UnequalLengths_AreRefused() =>
        Should.Throw<ArgumentException>(() => PairedBootstrap.LogGains([1, 2], [1], false)).Message.ShouldContain("2 and 1");

    internal static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
