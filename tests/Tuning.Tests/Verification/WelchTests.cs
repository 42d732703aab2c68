using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class WelchTests
{
    /// <summary>Worked by hand: means 5 and 3, variances 10 and 2.5, five values each; t = 1.2649, 5.88 degrees of freedom, taken as 5.</summary>
    [Fact]
    public void Interval_AgreesWithAWorkedExample()
    {
        var effect = Welch.Effect([1, 3, 5, 7, 9], [1, 2, 3, 4, 5], 0.025);
        effect.Estimate.ShouldBe(2, 1e-12);
        effect.StandardError.ShouldBe(Math.Sqrt(10.0 / 5 + 2.5 / 5), 1e-12);
        effect.Lower.ShouldBe(2 - 2.570582 * effect.StandardError, 1e-5);
        effect.Upper.ShouldBe(2 + 2.570582 * effect.StandardError, 1e-5);
    }

    [Fact]
    public void TrueDifference_IsCoveredAsOftenAsTheLevelSays()
    {
        var random = new Random(4);
        var missed = 0;
        for (var i = 0; i < 4000; i++)
        {
            double[] a = [.. Enumerable.Range(0, 8).Select(_ => 1 + PairedBootstrapTests.Normal(random))];
            double[] b = [.. Enumerable.Range(0, 12).Select(_ => 3 * PairedBootstrapTests.Normal(random))];
            missed += Welch.Effect(a, b, 0.05).Lower > 1 ? 1 : 0;
        }

        (missed / 4000.0).ShouldBeInRange(0.03, 0.06);
    }

    [Fact]
    public void EqualValues_GiveAPoint() => Welch.Effect([2, 2, 2], [1, 1], 0.01).ShouldBe(new PairedEffect(1, 1, 1, 0, 2));

    [Fact]
    public void OneValue_IsRefused() => Should.Throw<ArgumentOutOfRangeException>(() => Welch.Effect([1], [1, 2], 0.01)).Message.ShouldContain("at least two values");
}
