using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Tests.Reports;

public sealed class LoadStepsTests
{
    static readonly Stage[] Levels = [.. Enumerable.Range(1, 5).Select(n => Stage.Hold(100 * n, TimeSpan.FromSeconds(4)))];

    static readonly ThresholdOutcome[] Limits =
        [new(Threshold.Parse("http_req_duration", "p(95)<500"), 0, null, true), new(Threshold.Parse("http_req_failed", "rate<0.02"), 0, null, true)];

    /// <summary>Eight half seconds a level; p95 and failures by level, cut off after the given time.</summary>
    static LoadSteps? Of(Func<int, double> p95, Func<int, double> failed, double seconds = 20, LoadModel? model = null)
    {
        var scenario = new Scenario { Name = "steps", Model = model ?? new ArrivalModel(Levels), Duration = TimeSpan.FromSeconds(20) };
        var blocks = Enumerable.Range(0, (int)(seconds * 2)).Select(i =>
        {
            var level = 1 + i / 8;
            return new LoadBlock(i / 2.0, 50 * level, (long)(50 * level * failed(level)), 1, p95(level), p95(level), p95(level));
        }).ToArray();
        var empty = new LatencyHistogram();
        return LoadSteps.Of(scenario, new LoadResult
        {
            StartedAt = DateTimeOffset.UnixEpoch, Seconds = seconds, Requests = blocks.Sum(b => b.Requests), Failed = 0, Errors = new Dictionary<string, long>(), ErrorSamples = [],
            Latency = empty, ServiceTime = empty, SendLag = empty, ByRequest = [], Blocks = blocks, Late = 0, Dropped = 0, Retried = 0, ConnectionsOpened = 1, BytesReceived = 1,
            Generator = new GeneratorWatch(1, 0, empty, false, ""),
        }, Limits);
    }

    [Fact]
    public void Knee_IsTheLastLevelBelowTheFirstThatBroke()
    {
        var steps = Of(level => level < 4 ? 20 : 900, _ => 0)!;
        steps.Knee!.Offered.ShouldBe(300);
        steps.Sentence.ShouldBe("knee of steps: 300 requests/s (300 good answers/s, p95 20 ms); 400 requests/s broke");
        steps.ToTable().Rows.Select(r => r[^1]).ShouldBe(["yes", "yes", "yes", "no", "no"]);
    }

    [Fact]
    public void Failures_BreakALevelToo() => Of(_ => 20, level => level < 3 ? 0.01 : 0.1)!.Knee!.Offered.ShouldBe(200);

    [Fact]
    public void RecoveryAfterABreak_IsNoKnee() => Of(level => level == 2 ? 900 : 20, _ => 0)!.Knee!.Offered.ShouldBe(100);

    [Fact]
    public void RunThatWasAborted_EndsWithAPartOfALevel()
    {
        var steps = Of(level => level < 3 ? 20 : 900, _ => 0, seconds: 9.5)!;
        steps.Steps.Count.ShouldBe(3);
        steps.Steps[^1].Whole.ShouldBeFalse();
        steps.Knee!.Offered.ShouldBe(200);
    }

    [Fact]
    public void NothingBroke_OrEverything_IsSaid()
    {
        Of(_ => 20, _ => 0)!.Sentence.ShouldBe("knee of steps: not reached; 500 requests/s still held");
        Of(_ => 900, _ => 0)!.Sentence.ShouldBe("knee of steps: below 100 requests/s, the first level");
    }

    [Fact]
    public void OtherModels_HaveNoSteps()
    {
        Of(_ => 1, _ => 0, model: LoadModel.Rate(5)).ShouldBeNull();
        Of(_ => 1, _ => 0, model: LoadModel.Users(5)).ShouldBeNull();
        Of(_ => 1, _ => 0, model: new ArrivalModel([.. Levels.Reverse()])).ShouldBeNull();
        Of(_ => 1, _ => 0, model: new ArrivalModel([Stage.Ramp(0, 5, TimeSpan.FromSeconds(1)), .. Levels])).ShouldBeNull();
    }
}
