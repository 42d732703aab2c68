using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

/// <summary>A small form of the benchmark tuning-false-positives: whole loops on made-up machines, with fixed seeds.</summary>
[Trait("Category", "Slow")]
public sealed class FalsePositiveTests
{
    [Theory]
    [InlineData("usual, 5 %")]
    [InlineData("drifting, 3 %")]
    [InlineData("bursts, 3 %")]
    [InlineData("loud, 10 %")]
    public void IdleAction_IsKeptInAtMostOneOfForty(string name)
    {
        var (kept, _, _, _) = SyntheticLoops.Count(Machine(name), 1, 40, 1);
        kept.ShouldBeLessThanOrEqualTo(1);
    }

    /// <summary>
    /// Without the noise floor only the error level stands between noise and a verdict: 1 % must hold, and 20 % must show, or this test could not fail.
    /// </summary>
    [Fact]
    public void ErrorLevel_IsWhatKeepsAnIdleActionOutWithoutAFloor()
    {
        var machine = Machine("loud, 10 %");
        SyntheticLoops.Count(machine, 1, 200, 4, floor: false).Kept.ShouldBeLessThanOrEqualTo(5);
        SyntheticLoops.Count(machine, 1, 200, 4, floor: false, alpha: 0.2).Kept.ShouldBeGreaterThan(10);
    }

    [Theory]
    [InlineData("quiet, 1 %")]
    [InlineData("quiet, 2 %")]
    public void TrueTenPercent_IsKeptInFourOfFive(string name)
    {
        var (kept, rolledBack, _, _) = SyntheticLoops.Count(Machine(name), 1.1, 40, 2);
        kept.ShouldBeGreaterThanOrEqualTo(32);
        rolledBack.ShouldBe(0);
    }

    [Fact]
    public void TrueTenPercentWhereNothingCanBeTold_IsInconclusiveNotWrong()
    {
        var (_, rolledBack, inconclusive, _) = SyntheticLoops.Count(Machine("hopeless, 50 %"), 1.1, 40, 3);
        rolledBack.ShouldBeLessThanOrEqualTo(1);
        inconclusive.ShouldBeGreaterThanOrEqualTo(36);
    }

    static SyntheticNoise Machine(string name) => SyntheticNoise.All.Single(n => n.Name == name);
}
