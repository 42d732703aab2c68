using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class BlockComparisonTests
{
    static readonly RoundShape Shape = new(10, TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(1));
    static readonly Dictionary<Metric, double> Floor = Metrics.All.ToDictionary(m => m, _ => 0.02);

    [Fact]
    public void GreatGain_IsKept() => Judge(10, 4, 1, 1).Decision.ShouldBe(Decision.Kept);

    [Fact]
    public void GainOfTheMachine_IsTakenOff()
    {
        // Everything got 20 % faster, the control request too: the action did nothing.
        Judge(10, 10 / 1.2, 1, 1 / 1.2).Decision.ShouldNotBe(Decision.Kept);

        // The machine got 20 % slower and the action hides it.
        Judge(10, 5, 1, 1.2).Decision.ShouldBe(Decision.Kept);
    }

    [Fact]
    public void MachineThatChanged_SaysNothing()
    {
        var judgement = Judge(10, 3, 1, 0.5);
        judgement.Decision.ShouldBe(Decision.Inconclusive);
        judgement.Reason.ShouldContain("the machine changed");
    }

    /// <summary>Two live instances would keep 5 %: blocks need twice the least gain of 3 %.</summary>
    [Fact]
    public void EffectBelowTwiceWhatIsRequired_IsNotKept()
    {
        Judge(10, 10 / 1.05, 1, 1).Decision.ShouldNotBe(Decision.Kept);
        Judge(10, 10 / 1.15, 1, 1).Decision.ShouldBe(Decision.Kept);
    }

    [Fact]
    public void Loss_IsRolledBack() => Judge(10, 16, 1, 1).Decision.ShouldBe(Decision.RolledBack);

    static Judgement Judge(double before, double after, double controlBefore, double controlAfter)
    {
        var random = new Random(3);
        (SideRound, double)[] Block(double milliseconds, double control) => [.. Enumerable.Range(0, 12).Select(_ => (MadeRound.Side(milliseconds * (0.99 + 0.02 * random.NextDouble()), random: random), control * (0.99 + 0.02 * random.NextDouble())))];
        return BlockComparison.Judge(Shape, Block(before, controlBefore), Block(after, controlAfter), 0.01, Floor, Math.Log(1.03), 1).Judgement!;
    }
}
