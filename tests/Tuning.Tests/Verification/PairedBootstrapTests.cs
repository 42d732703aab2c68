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
