using Fettle.LoadTesting.Reports;

namespace Fettle.LoadTesting.Tests.Reports;

public sealed class SpikeRecoveryTests
{
    static readonly ArrivalModel Spike = new([Stage.Ramp(0, 500, TimeSpan.FromSeconds(10)), Stage.Hold(500, TimeSpan.FromSeconds(10)), Stage.Hold(50, TimeSpan.FromSeconds(20))]);

    /// <summary>p95 is 4 ms, 300 ms from half a second before the peak until the given moment, and 4 ms again.</summary>
    static LoadBlock[] Blocks(double slowUntil, double endsAt = 40) =>
        [.. Enumerable.Range(0, (int)(endsAt * 2)).Select(i => new LoadBlock(i / 2.0, 10, 0, 1, i / 2.0 is >= 9.5 and var at && at < slowUntil ? 300 : 4, 5, 6))];

    [Theory]
    [InlineData(15, 0)]
    [InlineData(20, 0)]
    [InlineData(23.5, 3.5)]
    [InlineData(30, 10)]
    public void Recovery_IsFromTheEndOfThePeak(double slowUntil, double expected) =>
        SpikeRecovery.Of(Spike, 0, Blocks(slowUntil)).ShouldBe((20, expected, 4));

    [Fact]
    public void NeverRecovered_IsSaid()
    {
        SpikeRecovery.Of(Spike, 0, Blocks(100))!.Value.Seconds.ShouldBeNull();
        SpikeRecovery.Sentence("spike", Spike, 0, Blocks(100))!.ShouldContain("did not come back");
        SpikeRecovery.Sentence("spike", Spike, 0, Blocks(23.5))!.ShouldBe("spike: the peak ended after 20 s; latency was as before (p95 4 ms) 3.5 s later");
    }

    [Fact]
    public void ShortQuietSpells_AreNoRecovery()
    {
        var blocks = Blocks(30);
        blocks[42] = blocks[42] with { P95Milliseconds = 4 };
        blocks[43] = blocks[43] with { P95Milliseconds = 4 };
        SpikeRecovery.Of(Spike, 0, blocks)!.Value.Seconds.ShouldBe(10);
        var failing = Blocks(15).Select(b => b.StartSeconds is >= 20 and < 22 ? b with { Failed = 1 } : b).ToArray();
        SpikeRecovery.Of(Spike, 0, failing)!.Value.Seconds.ShouldBe(2);
    }

    [Fact]
    public void ModelsWithoutAPeak_HaveNone()
    {
        SpikeRecovery.Of(LoadModel.Rate(5), 0, Blocks(5)).ShouldBeNull();
        SpikeRecovery.Of(LoadModel.Users(5), 0, Blocks(5)).ShouldBeNull();
        SpikeRecovery.Of(new ArrivalModel([Stage.Ramp(0, 5, TimeSpan.FromSeconds(5)), Stage.Hold(5, TimeSpan.FromSeconds(5))]), 0, Blocks(5)).ShouldBeNull();
    }
}
