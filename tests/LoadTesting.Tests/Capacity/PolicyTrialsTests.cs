using Fettle.LoadTesting.Capacity;

namespace Fettle.LoadTesting.Tests.Capacity;

public sealed class PolicyTrialsTests
{
    static readonly CapacityRequest Request = new() { PeakRate = 50_000, Service = "stocks" };

    static CapacityPlan Plan() => CapacityPlan.Of(ScalabilityLawTests.Cisco, Request);

    static PolicyOutcome Play(string policy, CapacityPlan plan, Func<int, double> load, int seconds) =>
        PolicySimulation.Run(PolicyTrials.Make(policy, plan, Request), plan, new SimulatedService(plan, Request.TargetCpu), [.. Enumerable.Range(0, seconds).Select(load)]);

    public static TheoryData<string> Policies => [.. PolicyTrials.Files.Keys];

    [Fact]
    public void EveryPolicy_IsPlayedAgainstEveryLoadAndNoneFlaps()
    {
        var trials = PolicyTrials.Of(Plan(), Request);
        trials.Trials.Select(t => (t.Policy, t.Load)).Distinct().Count().ShouldBe(5 * 3);
        trials.Refused.ShouldBeEmpty();
        trials.Trials.ShouldAllBe(t => t.Outcome.Reversals == 0);
        trials.Trials.Where(t => t.Load == "a day").ShouldAllBe(t => t.Outcome.OverloadedSeconds == 0 && t.Outcome.Changes >= 4 && t.Outcome.MostInstances >= 6 && t.Outcome.LastInstances <= 3);
        trials.Write(Request).Keys.Order().ShouldBe(ScalingFiles.Write(Plan(), Request).Keys.Order());
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void SteadyLoad_SettlesWhereTheTargetUseIs(string policy)
    {
        var plan = Plan();
        // A load for four and a half instances at the target use: five or more at the end, none of them overloaded.
        var outcome = Play(policy, plan, _ => 4.5 * plan.RatePerInstance, 20_000);
        outcome.MostInstances.ShouldBeInRange(5, 7);
        outcome.Reversals.ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void NoLoad_KeepsTheFewest(string policy) => Play(policy, Plan(), _ => 1, 5_000).ShouldBe(new PolicyOutcome(0, 0, 0, 2, 2 * 5_000 / 3600.0, 2));

    [Fact]
    public void ShortCooldowns_FlapUnderAWave_SoTheSimulationCanFindIt()
    {
        var nervous = Plan() with { ScaleInCooldown = 60, ScaleOutCooldown = 15, ScaleUpWindow = 1 };
        var outcome = Play("kubernetes autoscaler", nervous, s => s / 240 % 2 == 0 ? 15_000 : 40_000, 20_000);
        outcome.Reversals.ShouldBeGreaterThan(5);
    }

    [Fact]
    public void PolicyThatFlaps_GetsALongerCooldown_OrIsNotWritten()
    {
        var trials = PolicyTrials.Of(Plan() with { ScaleInCooldown = 1, ScaleOutCooldown = 1, ScaleUpWindow = 1 }, Request);
        trials.Plan.ScaleInCooldown.ShouldBeGreaterThanOrEqualTo(1);
        trials.Refused.ShouldAllBe(p => trials.Trials.Any(t => t.Policy == p && t.Outcome.Reversals > 0));
        var files = trials.Write(Request).Keys.ToArray();
        trials.Refused.SelectMany(p => PolicyTrials.Files[p]).ShouldAllBe(f => !files.Contains(f));
    }

    [Fact]
    public void RequestTargetOfAws_IsTheRateThatIsPlayed()
    {
        // The file's value is per minute; the simulated policy tracks the same rate per second.
        var plan = Plan();
        var perMinute = (double)System.Text.Json.Nodes.JsonNode.Parse(ScalingFiles.Write(plan, Request)["aws/target-tracking-requests.json"])!["TargetValue"]!;
        (perMinute / 60).ShouldBe(plan.RatePerInstance, 1);
        Play("aws target tracking", plan, _ => 2.2 * perMinute / 60, 10_000).MostInstances.ShouldBeInRange(3, 4);
    }
}
