using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class JudgeTests
{
    static readonly RoundPlan Plan = new(6, 18, 4, 0.01);
    static readonly Dictionary<Metric, double> Floor = Metrics.All.ToDictionary(m => m, _ => 0.02);

    [Fact]
    public void TenTimesFaster_IsKeptAtTheFirstLook()
    {
        var (judgement, rounds) = Loop(new Random(1), gain: Math.Log(10), noise: 0.1);
        judgement.Decision.ShouldBe(Decision.Kept);
        judgement.Reason.ShouldContain("better");
        rounds.ShouldBe(6);
    }

    [Fact]
    public void TwiceAsSlow_IsRolledBack()
    {
        var (judgement, _) = Loop(new Random(2), gain: -Math.Log(2), noise: 0.05);
        judgement.Decision.ShouldBe(Decision.RolledBack);
        judgement.Reason.ShouldContain("worse");
    }

    [Fact]
    public void NothingOnAQuietMachine_IsRefusedAsIdleBeforeTheLastRound()
    {
        var (judgement, rounds) = Loop(new Random(3), gain: 0, noise: 0.005);
        judgement.Decision.ShouldBe(Decision.RolledBack);
        judgement.Reason.ShouldContain("no effect");
        rounds.ShouldBeLessThan(Plan.Maximum);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void TenPercentUnderGreatNoise_IsInconclusiveNotWrong()
    {
        var wrong = 0;
        var inconclusive = 0;
        for (var i = 0; i < 40; i++)
        {
            var (judgement, _) = Loop(new Random(100 + i), gain: 0.1, noise: 0.5);
            wrong += judgement.Decision == Decision.RolledBack ? 1 : 0;
            inconclusive += judgement.Decision == Decision.Inconclusive ? 1 : 0;
        }

        wrong.ShouldBeLessThanOrEqualTo(1);
        inconclusive.ShouldBeGreaterThan(35);
    }

    [Fact]
    public void GainInOneMetricAndLossInAnother_IsRolledBack()
    {
        var random = new Random(5);
        var samples = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        for (var r = 0; r < 18; r++)
        {
            samples[Metric.P50].Add(10 * Noise(random, 0.03), 5 * Noise(random, 0.03));
            samples[Metric.P95].Add(20 * Noise(random, 0.03), 60 * Noise(random, 0.03));
        }

        var judgement = new Judge(Plan, Floor, 0.03, 1).Decide(18, samples);

        judgement.Decision.ShouldBe(Decision.RolledBack);
        judgement.Reason.ShouldContain("p95");
    }

    [Fact]
    public void GainBelowTheNoiseFloor_IsNotKept()
    {
        var floor = Metrics.All.ToDictionary(m => m, _ => 0.3);
        var random = new Random(6);
        var samples = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        for (var r = 0; r < 18; r++)
        {
            foreach (var metric in Metrics.All)
            {
                Add(samples[metric], metric, 0.15, 0.01, random);
            }
        }

        new Judge(Plan, floor, 0.03, 1).Decide(18, samples).Decision.ShouldNotBe(Decision.Kept);
    }

    [Fact]
    public void LooksOfAPlan_SpendTheWholeErrorAndNoMore()
    {
        foreach (var plan in new[] { new RoundPlan(6, 18, 4, 0.01), new RoundPlan(5, 6, 1, 0.05), new RoundPlan(8, 31, 7, 0.01) })
        {
            var spent = Enumerable.Range(1, plan.Maximum).Where(plan.IsLook).Sum(plan.AlphaAt);
            spent.ShouldBe(plan.Alpha, 1e-12);
        }
    }

    [Fact]
    public void BetweenLooks_NothingIsDecided() =>
        new Judge(Plan, Floor, 0.03, 1).Decide(7, new Dictionary<Metric, MetricRounds>()).Decision.ShouldBe(Decision.Continue);

    /// <summary>The designed level is 1 %; 200 loops of an action that does nothing may keep at most five.</summary>
    [Theory]
    [InlineData(0.1)]
    [Trait("Category", "Slow")]
    public void TwoHundredIdleActions_AtMostFiveAreKept(double noise)
    {
        var kept = 0;
        for (var loop = 0; loop < 200; loop++)
        {
            var random = new Random(loop * 977 + (int)(noise * 1000));
            kept += Loop(random, 0, noise, NoiseFloorOf(random, noise)).Judgement.Decision == Decision.Kept ? 1 : 0;
        }

        kept.ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public void TrueTenPercentOnAQuietMachine_IsKeptInFourOfFive()
    {
        var kept = 0;
        for (var loop = 0; loop < 100; loop++)
        {
            var random = new Random(loop * 31);
            kept += Loop(random, Math.Log(1.1), 0.02, NoiseFloorOf(random, 0.02)).Judgement.Decision == Decision.Kept ? 1 : 0;
        }

        kept.ShouldBeGreaterThanOrEqualTo(80);
    }

    static Dictionary<Metric, double> NoiseFloorOf(Random random, double noise)
    {
        var rounds = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        for (var r = 0; r < 8; r++)
        {
            foreach (var metric in Metrics.All)
            {
                Add(rounds[metric], metric, 0, noise, random);
            }
        }

        return NoiseFloor.From(rounds, random.Next());
    }

    static (Judgement Judgement, int Rounds) Loop(Random random, double gain, double noise, Dictionary<Metric, double>? floor = null)
    {
        var judge = new Judge(Plan, floor ?? Floor, 0.03, random.Next());
        var samples = Metrics.All.ToDictionary(m => m, _ => new MetricRounds());
        for (var round = 1; ; round++)
        {
            foreach (var metric in Metrics.All)
            {
                Add(samples[metric], metric, gain, noise, random);
            }

            var judgement = judge.Decide(round, samples);
            if (judgement.Decision != Decision.Continue)
            {
                return (judgement, round);
            }
        }
    }

    /// <summary>Log-normal noise with, one time in twenty, a burst three times as strong: a shared machine.</summary>
    static void Add(MetricRounds rounds, Metric metric, double gain, double noise, Random random)
    {
        var reference = 10 * Noise(random, noise);
        var factor = Math.Exp(metric.HigherIsBetter() ? gain : -gain);
        rounds.Add(reference, 10 * factor * Noise(random, noise));
    }

    static double Noise(Random random, double sigma) =>
        Math.Exp(PairedBootstrapTests.Normal(random) * sigma * (random.Next(20) == 0 ? 3 : 1));
}
