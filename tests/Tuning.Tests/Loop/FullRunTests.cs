using System.Text.Json.Nodes;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Tests.Fakes;

namespace Fettle.Tuning.Tests.Loop;

/// <summary>A full run prunes, and loads the tuned service with the target's rate; as a dry run it leaves the user's files alone.</summary>
[Trait("Category", "Slow")]
public sealed class FullRunTests
{
    [Fact]
    public async Task DryRun_ShowsTheTunedServiceUnderItsRateAndLeavesTheUsersFilesAlone()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("a-fast", 5), new FakeSwitch("b-faster", 1)));
        var before = await File.ReadAllBytesAsync(target.Target.Database!.Value);

        var outcome = await target.TuneAsync(target.Options with { Quick = false, DryRun = true, Budget = TimeSpan.FromMinutes(1), SustainTime = TimeSpan.FromSeconds(0.5) });

        outcome.End.ShouldBe(TuningEnd.Improved);
        ((int)JsonNode.Parse(outcome.Json)!["data"]!["sustained"]!["requests"]!).ShouldBeGreaterThan(0);
        TuningReport.Text(outcome.Json).ShouldContain("The tuned service at 20 requests/s");
        TuningReport.Markdown(outcome.Json).ShouldContain("### Effects with their intervals");
        var page = TuningReport.Html(outcome.Json);
        page.ShouldContain("two live instances");
        page.ShouldContain("The total with its intervals");
        page.ShouldContain("Failed requests: 0 % before, 0 % after");
        page.ShouldNotContain("How to undo");

        (await File.ReadAllBytesAsync(target.Target.Database!.Value)).ShouldBe(before);
        File.Exists(Path.Combine(target.State, "switches", "fake.json")).ShouldBeFalse();
    }
}
