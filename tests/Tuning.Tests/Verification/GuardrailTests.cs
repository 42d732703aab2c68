using Fettle.LoadTesting;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Tests.Fakes;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

/// <summary>Each guardrail by itself: it stops when it must, and not before.</summary>
public sealed class GuardrailTests
{
    static readonly ServiceInstance Instance = new("B", new Uri("http://127.0.0.1:1"), null, null, null);

    [Fact]
    public void Errors_StopWhenTheyAreNew()
    {
        Guardrail.Broken(Instance, [MadeRound.Round(10, 5, failedAfter: 1)], 0.1)!.ShouldContain("1 requests failed (status 500 on x: oops), 0 before it");
        Guardrail.Broken(Instance, [MadeRound.Round(10, 5, failedBefore: 2, failedAfter: 4)], 0.1).ShouldBeNull();
        Guardrail.Broken(Instance, [MadeRound.Round(10, 5, failedBefore: 2, failedAfter: 5)], 0.1)!.ShouldContain("5 requests failed");
    }

    [Fact]
    public void Memory_StopsAboveNinetyPercent()
    {
        Guardrail.Broken(Instance, [MadeRound.Round(10, 10)], 0.9).ShouldBeNull();
        Guardrail.Broken(Instance, [MadeRound.Round(10, 10)], 0.91)!.ShouldContain("memory is more than 90 % full");
    }

    [Fact]
    public void TailTwiceTheBaseline_StopsAfterThreeRoundsRunning()
    {
        RoundRecord slow = MadeRound.Round(10, 21), right = MadeRound.Round(10, 19);
        Guardrail.Broken(Instance, [slow, slow], 0.1).ShouldBeNull();
        Guardrail.Broken(Instance, [slow, right, slow], 0.1).ShouldBeNull();
        Guardrail.Broken(Instance, [right, slow, slow, slow], 0.1)!.ShouldContain("p95 was more than twice the state before in 3 rounds running");
    }

    [Fact]
    public async Task ProcessThatEnded_Stops()
    {
        var launch = new Launch { Program = "sh", Arguments = ["-c", "echo no port here; exit 3 # {port}"], ReadyTimeout = TimeSpan.FromSeconds(5) };
        var ended = await Should.ThrowAsync<TuningException>(() => ServiceProcess.StartAsync(launch, "b", "", new Dictionary<string, string>(), null, TimeProvider.System, CancellationToken.None));
        ended.Message.ShouldContain("ended with exit code 3");
        ended.Message.ShouldContain("no port here");
    }

    /// <summary>In the loop: the trial ends in the round in which the guardrail breaks, not at its last.</summary>
    [Fact]
    public async Task BrokenInALoop_EndsTheTrialAtOnce()
    {
        await using var service = new FakeService(0);
        await using var a = new ServiceInstance("A", service.Url, FakeService.Token, null, null);
        var prober = new Prober(_ => new RequestCycle([LoadRequest.Get("/api/v1/answer", "answer")]), []);
        var shape = new RoundShape(20, TimeSpan.FromSeconds(0.1), 2, TimeSpan.FromSeconds(0.05));
        var judge = new Judge(new RoundPlan(5, 20, 1, 0.01), new Dictionary<Metric, double>(), 0.03, 1);
        var reads = 0;
        var comparison = await new Comparison(prober, TimeProvider.System, 1) { MemoryInUse = () => ++reads >= 2 ? 0.95 : 0.2 }.RunAsync(a, a, shape, 20, judge, TimeSpan.FromMinutes(5), _ => { }, CancellationToken.None);
        comparison.Rounds.Count.ShouldBe(2);
        comparison.Judgement!.Decision.ShouldBe(Decision.RolledBack);
        comparison.Judgement.Reason.ShouldContain("memory");
    }
}
