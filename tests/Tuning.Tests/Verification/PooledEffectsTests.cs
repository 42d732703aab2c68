using Fettle.LoadTesting;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class PooledEffectsTests
{
    [Fact]
    public void FewerThanAThousandRequests_HaveNoP99() =>
        PooledEffects.P99([.. Enumerable.Repeat(MadeRound.Round(10, 5), 16)]).ShouldBeNull("16 rounds of 60 requests are 960");

    /// <summary>The oracle: the percentile of the merged histograms.</summary>
    [Fact]
    public void P99_IsThatOfAllRequestsTogether()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var rounds = Enumerable.Range(0, 4 + random.Next(12)).Select(_ => new RoundRecord(false, Side(random, 1, 300), Side(random, 0.5, 300))).ToArray();
            var (before, after) = (new LatencyHistogram(), new LatencyHistogram());
            foreach (var round in rounds)
            {
                before.Add(round.Reference.Latency);
                after.Add(round.Candidate.Latency);
            }

            var effect = PooledEffects.P99(rounds)!;
            effect.Before.ShouldBe(before.MillisecondsAt(99), before.MillisecondsAt(99) * 0.01);
            effect.After.ShouldBe(after.MillisecondsAt(99), after.MillisecondsAt(99) * 0.01);
            effect.Estimate.ShouldBe(effect.Before / effect.After, 1e-12);
            effect.Lower.ShouldBeLessThanOrEqualTo(effect.Estimate);
            effect.Upper.ShouldBeGreaterThanOrEqualTo(effect.Estimate);
        }
    }

    /// <summary>Designed for 95 %; a dozen rounds of a heavy tail come near it.</summary>
    [Fact]
    public void Interval_HoldsTheTrueFactorMostTimes()
    {
        var held = 0;
        for (var loop = 0; loop < 20; loop++)
        {
            var random = new Random(1000 + loop);
            var effect = PooledEffects.P99([.. Enumerable.Range(0, 12).Select(_ => new RoundRecord(false, Side(random, 1, 200), Side(random, 0.5, 200)))])!;
            held += effect.Lower <= 2 && effect.Upper >= 2 ? 1 : 0;
        }

        held.ShouldBeGreaterThanOrEqualTo(15);
    }

    [Fact]
    public void NoFailureAtAll_IsBoundedByTheRuleOfThree()
    {
        var effect = PooledEffects.Failures([.. Enumerable.Repeat(MadeRound.Round(10, 5), 10)]);
        (effect.Before, effect.After, effect.Estimate).ShouldBe((0, 0, 0));
        effect.Upper.ShouldBe(3.0 / 600, 1e-12);
        effect.Lower.ShouldBe(-3.0 / 600, 1e-12);
    }

    [Fact]
    public void FailuresThatAnActionBrings_AreOutsideOfZero()
    {
        var effect = PooledEffects.Failures([.. Enumerable.Range(0, 12).Select(i => MadeRound.Round(10, 5, failedBefore: i % 2, failedAfter: 12 + i % 3))]);
        effect.Before.ShouldBe(6.0 / 720, 1e-12);
        effect.After.ShouldBe(156.0 / 720, 1e-12);
        effect.Lower.ShouldBeGreaterThan(0.15);
        effect.Upper.ShouldBeLessThan(0.25);
    }

    /// <summary>Log-normal latencies about the given median.</summary>
    static SideRound Side(Random random, double median, int requests)
    {
        var latency = new LatencyHistogram();
        for (var i = 0; i < requests; i++)
        {
            latency.Record(TimeSpan.FromMilliseconds(10 * median * Math.Exp(0.6 * PairedBootstrapTests.Normal(random))));
        }

        return new SideRound(latency, requests, 0, 100, 1, false, 100, null);
    }
}
