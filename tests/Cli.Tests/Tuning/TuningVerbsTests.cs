using System.Text.Json.Nodes;
using Fettle.Cli.Tests.Loads;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Tests.Tuning;

/// <summary>The verbs around the loop, on a stranger's service that runs already.</summary>
public sealed class TuningVerbsTests
{
    [Fact]
    public async Task Doctor_TellsWhatItFoundAndEndsFitOrTooNoisy()
    {
        using var folder = new TemporaryFolder();
        var outcome = await CliRun.InProcessAsync("doctor", "--state", folder.File("state"));
        outcome.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.Undecided);
        outcome.Output.ShouldContain("steadiness");
        outcome.Output.ShouldContain("sqlite");
    }

    [Fact]
    public async Task DoctorWithABadConfig_ListsItsMistakesAndFails()
    {
        using var folder = new TemporaryFolder();
        var outcome = await CliRun.InProcessAsync("doctor", "--state", folder.File("state"), "--config", folder.File("fettle.yaml", "schema: fettle.config/1\nnmae: x\n"));
        outcome.Code.ShouldBe(ExitCode.Error);
        outcome.Output.ShouldContain("did you mean 'name'?");
        outcome.Output.ShouldContain("neither url nor start");
    }

    [Theory]
    [InlineData("name a reference service")]
    [InlineData("there is no file", "--config", "nowhere/fettle.yaml")]
    [InlineData("known: stocks", "energy-of-someone")]
    [InlineData("exclude each other", "stocks", "--config", "fettle.yaml")]
    public async Task TargetThatCannotBeTold_IsAUsageError(string message, params string[] arguments)
    {
        var outcome = await CliRun.InProcessAsync(["measure", .. arguments]);
        outcome.Code.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain(message);
    }

    [Theory]
    [InlineData("postgres:Host=h;Database=d;Username=u;Password=geheim", "postgres:Host=h;Port=5432;Database=d")]
    [InlineData("postgres://u:geheim@h/d", "postgres:Host=h;Port=5432;Database=d")]
    [InlineData("redis://u:geheim@h:6379", "redis://…@h:6379")]
    [InlineData("sqlite:a.db", "sqlite:a.db")]
    [InlineData("--quick", "--quick")]
    public void CommandInAResult_HoldsNoSecret(string token, string expected) => Fettle.Cli.Tuning.TuneSettings.Redacted(token).ShouldBe(expected);

    [Fact]
    public async Task ConfigWithMistakes_IsRefusedWithAllOfThem()
    {
        using var folder = new TemporaryFolder();
        var outcome = await CliRun.InProcessAsync("tune", "--config", folder.File("fettle.yaml", "schema: fettle.config/1\nurl: nowhere\nrequests: [{ pth: / }]\ntrust: nobody\n"));
        outcome.Code.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("line 2: url is 'nowhere'");
        outcome.Error.ShouldContain("line 3: requests has no key 'pth'");
        outcome.Error.ShouldContain("line 4: trust is 'nobody'");
    }

    [Fact]
    public async Task ServiceThatDoesNotAnswer_IsNamed()
    {
        using var folder = new TemporaryFolder();
        var outcome = await CliRun.InProcessAsync("measure", "--config", folder.File("fettle.yaml", "schema: fettle.config/1\nurl: http://127.0.0.1:1\nrequests: [{ path: / }]\n"), "--state", folder.File("state"));
        outcome.Code.ShouldBe(ExitCode.Error);
        outcome.Error.ShouldContain("http://127.0.0.1:1/ does not answer");
    }

    [Fact]
    public async Task DatabaseThatIsNone_IsNamedAndNothingIsLeft()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("notes.db", new string('x', 4096));
        var outcome = await CliRun.InProcessAsync("measure", "stocks", "--database", "sqlite:" + file, "--state", folder.File("state"));
        outcome.Code.ShouldBe(ExitCode.Error);
        outcome.Error.Trim().ShouldBe($"fettle: sqlite:{file} cannot be read: SQLite Error 26: 'file is not a database'.");
        (await CliRun.InProcessAsync("history", "--state", folder.File("state"))).Output.ShouldContain("no runs in");
        (await CliRun.InProcessAsync("report", "--state", folder.File("state"))).Error.ShouldContain("there is no finished run in");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task MeasuredBaseline_IsVerifiedWithAVerdictAndMarkdown()
    {
        using var folder = new TemporaryFolder();
        await using var service = new SmallService();
        var config = folder.File("fettle.yaml", $"schema: fettle.config/1\nurl: {service.Url}\nrequests: [{{ name: a, path: /a }}]\nthresholds: [failed<1]\n");
        var baseline = folder.File("main.json");
        string[] common = ["--config", config, "--quick", "--state", folder.File("state")];

        var measured = await CliRun.InProcessAsync(["measure", .. common, "--json", baseline]);
        measured.Code.ShouldBe(ExitCode.Ok, measured.Error);
        (await CliRun.InProcessAsync("report", "--state", folder.File("state"))).Output.ShouldContain("Baseline", customMessage: "the latest run");
        JsonNode.Parse(await File.ReadAllTextAsync(baseline))!["data"]!["answers"]!.AsObject().Count.ShouldBe(5, "one request as it is, and in four encodings");

        // Fast answers on a busy machine may well be undecided; failed it must not be.
        var comment = folder.File("comment.md");
        var verified = await CliRun.InProcessAsync(["verify", .. common, "--baseline", baseline, "--tolerance", "100", "--markdown", comment]);
        verified.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.NoneKept, ExitCode.Undecided);
        (await File.ReadAllTextAsync(comment)).ShouldContain("| failed<1 |");

        var missed = await CliRun.InProcessAsync("verify", "--baseline", baseline, "--measured", baseline, "--threshold", "capacity>100000000");
        missed.Code.ShouldBe(ExitCode.ThresholdFailed, missed.Error);
        var equal = await CliRun.InProcessAsync("verify", "--baseline", baseline, "--measured", baseline, "--tolerance", "100");
        equal.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.Undecided);
        (await CliRun.InProcessAsync("verify", "--baseline", baseline, "--measured", baseline, "--threshold", "p59<1")).Code.ShouldBe(ExitCode.Usage);
        (await CliRun.InProcessAsync("verify", "--baseline", config)).Code.ShouldBe(ExitCode.Error);

        service.Answer = """{"a":2}""";
        var changed = await CliRun.InProcessAsync(["verify", .. common, "--baseline", baseline, "--tolerance", "100"]);
        changed.Code.ShouldBe(ExitCode.NoneKept);
        changed.Output.ShouldContain("answers changed, first GET /a");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Benchmark_ShowsThroughputAndPercentilesAndChangesNothing()
    {
        using var folder = new TemporaryFolder();
        await using var service = new SmallService();
        var config = folder.File("fettle.yaml", $"schema: fettle.config/1\nurl: {service.Url}\nrequests: [{{ name: a, path: /a }}]\n");
        var json = folder.File("out.json");
        var outcome = await CliRun.InProcessAsync("benchmark", "--config", config, "--seconds", "1", "--state", folder.File("state"), "--json", json);
        outcome.Code.ShouldBe(ExitCode.Ok, outcome.Error);
        outcome.Output.ShouldContain("Benchmark, 100 requests under way");
        outcome.Output.ShouldContain("latency p99, ms");
        ((double)JsonNode.Parse(await File.ReadAllTextAsync(json))!["data"]!["throughputPerSecond"]!).ShouldBeGreaterThan(0);
        (await CliRun.InProcessAsync("benchmark", "--config", config, "--seconds", "0.1")).Code.ShouldBe(ExitCode.Usage);
        (await CliRun.InProcessAsync("rollback", "all", "--state", folder.File("state"))).Output.ShouldContain("nothing to undo");
    }

    [Fact]
    public async Task Apply_NeedsAYesAndIsTakenBackByRollback()
    {
        using var folder = new TemporaryFolder();
        var database = folder.File("user.db");
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={database};Pooling=false"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER)";
            command.ExecuteNonQuery();
        }

        var run = folder.File("run.json", $$$"""
            {"schema":"fettle.result/1","kind":"tune","name":"fake","startedAt":"2026-01-01T00:00:00+00:00","machine":{"processor":"p","cores":2,"memoryGiB":1,"operatingSystem":"o","runtime":"r"},
             "source":{"commit":"x","clean":true},"command":[],"settings":{"database":"sqlite:{{{database}}}"},
             "data":{"notTried":[{"id":"index.one","title":"one","layer":"database","risk":"low","why":"","do":["CREATE INDEX one ON t(a)"],"undo":["DROP INDEX IF EXISTS one"]},
                                 {"id":"switch:cache","title":"cache","layer":"cache","risk":"medium","why":"","do":["PUT"],"undo":["PUT"]}]}}
            """);
        string[] apply = ["apply", run, "--state", folder.File("state")];
        var applied = await CliRun.InProcessAsync([.. apply, "--yes"]);
        applied.Code.ShouldBe(ExitCode.Ok, applied.Error);
        applied.Output.ShouldContain("applied  index.one");
        applied.Output.ShouldContain("undo     fettle rollback ");
        var back = await CliRun.InProcessAsync("rollback", "--state", folder.File("state"));
        back.Output.ShouldContain("schema  equal to the one before the run");
    }

    [Fact]
    public async Task ApplyOfARunThatIsNotThere_SaysWhereToLook()
    {
        using var folder = new TemporaryFolder();
        var outcome = await CliRun.InProcessAsync("apply", "20260101-000000-x", "--state", folder.File("state"));
        outcome.Code.ShouldBe(ExitCode.Error);
        outcome.Error.ShouldContain("fettle history");
    }
}
