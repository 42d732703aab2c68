using System.Text.Json.Nodes;
using Fettle.Tuning.Config;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Tests.Fakes;

namespace Fettle.Tuning.Tests.Loop;

/// <summary>One running service of which no copy can be made.</summary>
[Trait("Category", "Slow")]
public sealed class LiveTests
{
    [Fact]
    public async Task FasterSwitch_IsToggledKeptAndRolledBack()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("a-wrong", 1, _ => """{"probability":0.7}"""), new FakeSwitch("b-fast", 1), new FakeSwitch("c-on-already") { On = true }), live: true);

        var outcome = await target.TuneAsync();

        var service = target.Services.ShouldHaveSingleItem();
        outcome.End.ShouldBe(TuningEnd.Improved);
        service.Switches.Select(s => (s.Name, s.On)).ShouldBe([("a-wrong", false), ("b-fast", true), ("c-on-already", true)]);
        var json = JsonNode.Parse(outcome.Json)!;
        ((string)json["settings"]!["design"]!).ShouldBe("one live instance");
        json["data"]!["actions"]!.AsArray().Count.ShouldBe(2, "what is on already is part of the state before");
        TuningJournal.Read(Path.Combine(outcome.Folder, "journal.jsonl")).Count(e => e is { Event: JournalEvent.Undone, Action: "switch:b-fast" }).ShouldBeGreaterThan(5);

        await Rollback.RunAsync(target.State, null, null, TimeProvider.System, token: FakeService.Token);
        service.Switches.Select(s => s.On).ShouldBe([false, false, true]);
    }

    [Fact]
    public async Task TrustApply_AsksAndTakesNoForAnAnswer()
    {
        await using var target = new FakeTarget(() => new FakeService(20, new FakeSwitch("a-medium", 1, Risk: "medium"), new FakeSwitch("b-high", 1, Risk: "high")), live: true);
        var asked = new List<TuningQuestion>();
        bool Ask(TuningQuestion question)
        {
            asked.Add(question);
            return false;
        }

        var outcome = await target.TuneAsync(target.Options with { Trust = Trust.Apply, Ask = Ask });

        asked.Select(q => q.Id).ShouldBe(["switch:a-medium", "switch:b-high"]);
        asked[0].Where.ShouldContain("the running service");
        outcome.End.ShouldBe(TuningEnd.NoneKept);
        JsonNode.Parse(outcome.Json)!["data"]!["notTried"]!.AsArray().Select(n => (string)n!["reason"]!).ShouldBe(["declined", "declined"]);
    }

    [Fact]
    public async Task TrustAuto_StillAsksAboutAHighRisk()
    {
        await using var target = new FakeTarget(() => new FakeService(20, new FakeSwitch("high", 1, Risk: "high")), live: true);
        var asked = 0;
        await target.TuneAsync(target.Options with { Ask = _ => ++asked < 0 });
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task NobodyToAsk_IsNo()
    {
        await using var target = new FakeTarget(() => new FakeService(20, new FakeSwitch("low", 1)), live: true);
        var outcome = await target.TuneAsync(target.Options with { Trust = Trust.Apply });
        JsonNode.Parse(outcome.Json)!["data"]!["notTried"]!.AsArray().ShouldHaveSingleItem()!["reason"]!.ToString().ShouldContain("nobody to ask");
        target.Services.ShouldHaveSingleItem().Switches.ShouldAllBe(s => !s.On);
    }

    [Fact]
    public async Task TooSlowToToggle_IsComparedInBlocksAgainstAControlAndADryRunTakesItBack()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1)), live: true, control: "/api/v1/items");
        var outcome = await target.TuneAsync(target.Options with { MostToggle = TimeSpan.Zero, DryRun = true, Pace = FakeTarget.Pace with { MostRounds = 6 } });
        var action = JsonNode.Parse(outcome.Json)!["data"]!["actions"]!.AsArray().ShouldHaveSingleItem()!;
        target.Services.ShouldHaveSingleItem().Switches.ShouldAllBe(s => !s.On);

        // A machine that is busy with something else moves the control request; then the verdict must not be a guess.
        ((string)action["verdict"]!).ShouldBeOneOf("kept", "inconclusive");
        ((string)action["verdict"]! == "kept" || ((string)action["reason"]!).Contains("control request", StringComparison.Ordinal)).ShouldBeTrue((string)action["reason"]!);
        TuningJournal.Read(Path.Combine(outcome.Folder, "journal.jsonl")).Count(e => e.Event == JournalEvent.Undone).ShouldBeLessThan(8, "blocks are not toggled");
    }

    [Fact]
    public async Task TooSlowToToggleAndNoControl_IsNotBelieved()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1)), live: true);
        var outcome = await target.TuneAsync(target.Options with { MostToggle = TimeSpan.Zero });
        var action = JsonNode.Parse(outcome.Json)!["data"]!["actions"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)action["verdict"]!).ShouldBe("rolled back");
        ((string)action["reason"]!).ShouldContain("name under control a path");
        target.Services.ShouldHaveSingleItem().Switches.ShouldAllBe(s => !s.On);
    }

    [Fact]
    public async Task Interrupted_SetsTheSwitchBack()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1)), live: true);
        using var stop = new CancellationTokenSource();
        var progress = new Watcher(p =>
        {
            if (p.Stage == "fast" && p.Detail.StartsWith("round 3", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        });
        await Should.ThrowAsync<OperationCanceledException>(() => Tuner.RunAsync(target.Target, target.Options, target.StartAsync, progress, TimeProvider.System, stop.Token));
        target.Services.ShouldHaveSingleItem().Switches.ShouldAllBe(s => !s.On);
    }

    sealed class Watcher(Action<TuningProgress> onReport) : IProgress<TuningProgress>
    {
        public void Report(TuningProgress value) => onReport(value);
    }
}
