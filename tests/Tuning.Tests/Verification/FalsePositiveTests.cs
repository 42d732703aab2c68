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
