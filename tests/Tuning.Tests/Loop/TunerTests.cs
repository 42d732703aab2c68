using System.Text.Json.Nodes;
using Fettle.Testing;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Tests.Fakes;

namespace Fettle.Tuning.Tests.Loop;

public sealed class TunerTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public async Task OneRun_KeepsTheFasterAndRollsBackTheWrongTheSlowAndTheFailing()
    {
        await using var target = new FakeTarget(() => new FakeService(
            delayMs: 50,
            new FakeSwitch("a-trap", DelayMs: 1, Answer: _ => """{"probability":0.62}"""),
            new FakeSwitch("b-stale", DelayMs: 1, Answer: count => count > 60 ? """{"probability":0.60}""" : """{"probability":0.61}"""),
            new FakeSwitch("c-slow", DelayMs: 250),
            new FakeSwitch("d-failing", DelayMs: 1, Status: 500),
            new FakeSwitch("e-unasked", DelayMs: 1, Encoding: "br"),
            new FakeSwitch("e-x-far", DelayMs: 1, Answer: _ => """{"probability":0.6107}""", Risk: "high", Tolerance: 0.001),
            new FakeSwitch("e-y-near", DelayMs: 20, Answer: _ => """{"probability":0.6102}""", Risk: "high", Tolerance: 0.001, Saves: ["db"]),
            new FakeSwitch("f-fast", DelayMs: 2),
            new FakeSwitch("g-risky", DelayMs: 0, Risk: "high")));

        var outcome = await target.TuneAsync(target.Options with { Allow = ["switch:e-x-far", "switch:e-y-near"] });

        var actions = JsonNode.Parse(outcome.Json)!["data"]!["actions"]!.AsArray().ToDictionary(a => (string)a!["title"]!, a => a!);
        ((string)actions["a-trap"]["verdict"]!).ShouldBe("rolled back");
        ((string)actions["a-trap"]["reason"]!).ShouldContain("/probability: 0.61 → 0.62");
        ((string)actions["b-stale"]["verdict"]!).ShouldBe("rolled back");
        ((string)actions["c-slow"]["verdict"]!).ShouldBe("rolled back");
        ((string)actions["d-failing"]["verdict"]!).ShouldBe("rolled back");
        ((string)actions["e-unasked"]["reason"]!).ShouldContain("content-encoding: (none) → br unasked");
        // A lossy action is held to what it declares, and so is what comes after it: its answers are no longer the baseline's to the last digit.
        ((string)actions["e-x-far"]["reason"]!).ShouldContain("/probability: 0.61 → 0.6107");
        ((string)actions["e-y-near"]["verdict"]!).ShouldBe("kept");
        ((double)actions["e-y-near"]["tolerance"]!).ShouldBe(0.001);
        ((string)actions["e-y-near"]["predictedGain"]!).ShouldBe("at most 75 % of an answer's time (db)");
        ((string)actions["f-fast"]["verdict"]!).ShouldBe("kept");
        outcome.End.ShouldBe(TuningEnd.Improved);

        var html = Fettle.Tuning.Reports.TuningReport.Html(outcome.Json);
        html.ShouldContain("How to undo");
        html.ShouldContain("numbers may differ by 0.1% of their size");

        // Of all switches only the kept one is in the file, and the risky one was never touched.
        File.ReadAllText(Path.Combine(target.State, "switches", "fake.json")).ShouldContain("\"f-fast\"");
        JsonNode.Parse(outcome.Json)!["data"]!["notTried"]!.AsArray().ShouldHaveSingleItem()!["reason"]!.ToString().ShouldContain("--allow switch:g-risky");
        Directory.Exists(Path.Combine(outcome.Folder, "scratch")).ShouldBeFalse();
        File.Exists(Path.Combine(outcome.Folder, "result.json")).ShouldBeTrue();

        var rollback = await Rollback.RunAsync(target.State, null, null, TimeProvider.System);
        File.Exists(Path.Combine(target.State, "switches", "fake.json")).ShouldBeFalse();
        rollback.SchemaRestored.ShouldBe(true);
        (await Rollback.RunAsync(target.State, "all", null, TimeProvider.System)).Undone.ShouldBeEmpty();
    }

    [Fact]
    public async Task ToleranceThatIsNone_IsRefusedBeforeAnyAction()
    {
        await using var target = new FakeTarget(() => new FakeService(1, new FakeSwitch("anything", Tolerance: 0.5)));
        (await Should.ThrowAsync<TuningException>(() => target.TuneAsync())).Message.ShouldContain("the switch anything declares a tolerance of 0.5; allowed: 0 to 0.1");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task NothingHelps_EndsAsNoneKeptOrUndecided()
    {
        await using var target = new FakeTarget(() => new FakeService(20, new FakeSwitch("slow", 120)));
        (await target.TuneAsync()).End.ShouldBe(TuningEnd.NoneKept);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Measure_TouchesNoSwitch()
    {
        await using var target = new FakeTarget(() => new FakeService(5, new FakeSwitch("fast", 1)));
        var outcome = await target.TuneAsync(target.Options with { Mode = TuningMode.Measure });
        target.Services.SelectMany(s => s.Switches).ShouldAllBe(s => !s.On);
        JsonNode.Parse(outcome.Json)!["tables"]![0]!["title"]!.ToString().ShouldBe("Baseline");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Cancelled_LeavesNoScratchAndNoChange()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1)));
        var schema = await target.SchemaAsync();
        using var stop = new CancellationTokenSource();
        var progress = new Watcher(p =>
        {
            if (p.Stage == "fast" && p.Detail.StartsWith("round", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        });

        await Should.ThrowAsync<OperationCanceledException>(() => target.TuneAsync(progress: progress, cancellation: stop.Token));

        (await target.SchemaAsync()).ShouldBe(schema);
        Directory.GetDirectories(Path.Combine(target.State, "runs")).ShouldHaveSingleItem();
        Directory.GetDirectories(target.State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
        (await target.TuneAsync(target.Options with { Mode = TuningMode.Measure, Pace = FakeTarget.Pace with { CalibrationRounds = 1 } })).End.ShouldBe(TuningEnd.Improved);
    }

    /// <summary>A list that is remembered is right until somebody adds to it.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task FasterButWrongAfterAWrite_IsRolledBack()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1, StaleList: true)))
        {
            Writes = [new GoldenRequest("add", "POST", "/api/v1/items", "{}"), new GoldenRequest("add", "POST", "/api/v1/items", "{}")],
        };

        var outcome = await target.TuneAsync();

        var action = JsonNode.Parse(outcome.Json)!["data"]!["actions"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)action["verdict"]!).ShouldBe("rolled back");
        ((string)action["reason"]!).ShouldContain("with requests that change data");
        ((string)action["reason"]!).ShouldContain("/items: 2 → 0");
        outcome.End.ShouldBe(TuningEnd.NoneKept);
    }

    [Fact]
    public async Task Deadline_TakesEverythingBackAndSaysSo()
    {
        await using var target = new FakeTarget(() => new FakeService(50, new FakeSwitch("fast", 1)));
        var time = new ManualTime();
        var progress = new Watcher(p =>
        {
            if (p.Stage == "fast" && p.Detail.StartsWith("round", StringComparison.Ordinal))
            {
                time.Advance(TimeSpan.FromHours(1));
            }
        });
        var late = await Should.ThrowAsync<TuningException>(() => Tuner.RunAsync(target.Target, target.Options with { Deadline = TimeSpan.FromMinutes(30) }, target.StartAsync, progress, time, CancellationToken.None));
        late.Message.ShouldContain("deadline of 00:30:00");
        target.Services.SelectMany(s => s.Switches).Count(s => s.On).ShouldBeLessThanOrEqualTo(1, "the instances end with the run; only B's own switch may still be on");
        Directory.GetDirectories(target.State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task BaselineThatFails_IsNamedBeforeAnyAction()
    {
        // Every third answer is an error: some requests succeed, so there is a capacity.
        await using var target = new FakeTarget(() => new FakeService(1) { FailsEvery = 3 });
        (await Should.ThrowAsync<TuningException>(() => target.TuneAsync())).Message.ShouldContain("requests fail before anything is changed (");
    }

    [Fact]
    public async Task InstancesThatDisagree_StopTheRunBeforeAnyAction()
    {
        var made = 0;
        await using var odd = new FakeTarget(() => Odd(++made));
        (await Should.ThrowAsync<TuningException>(() => odd.TuneAsync())).Message.ShouldContain("untouched instances answer differently");
    }

    [Fact]
    public async Task TargetBeingTuned_RefusesASecondTuner()
    {
        await using var target = new FakeTarget(() => new FakeService(1));
        using var held = TargetLock.Take(TargetLock.DefaultFolder, target.Target.Database!.ToString(), TimeProvider.System);
        (await Should.ThrowAsync<TuningException>(() => target.TuneAsync())).Message.ShouldContain($"process {Environment.ProcessId}");
    }

    /// <summary>A fake whose answer depends on which instance it is.</summary>
    static FakeService Odd(int number) => new(1) { DefaultAnswer = $$"""{"probability":{{number}}}""" };

    sealed class Watcher(Action<TuningProgress> onReport) : IProgress<TuningProgress>
    {
        public void Report(TuningProgress value) => onReport(value);
    }
}
