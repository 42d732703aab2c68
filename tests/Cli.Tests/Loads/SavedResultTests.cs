using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

/// <summary>Verbs that work on saved results: compare, report, capacity.</summary>
[Trait("Category", "Slow")]
public sealed class SavedResultTests
{
    /// <summary>A service that answers after a pause and works on a limited number of requests at a time.</summary>
    static ScriptedServer Paced(int milliseconds, int atOnce = 1000)
    {
        var gate = new SemaphoreSlim(atOnce);
        return new ScriptedServer(async r =>
        {
            await gate.WaitAsync(r.Stopping);
            try
            {
                await Task.Delay(milliseconds, r.Stopping);
            }
            finally
            {
                gate.Release();
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
    }

    static async Task<string> SaveAsync(TemporaryFolder folder, string name, ScriptedServer server, params string[] load)
    {
        var path = folder.File(name);
        (await CliRun.InProcessAsync(["load", server.BaseUrl.ToString(), .. load, "--json", path])).ShouldBeFine();
        // A busy test machine may limit the generator; what these verbs do with an honest result is the subject here.
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace("\"generatorLimited\": true", "\"generatorLimited\": false"));
        return path;
    }

    [Fact]
    public async Task Compare_SaysWorseBetterAndUnlike()
    {
        using var folder = new TemporaryFolder();
        await using var fast = Paced(2);
        await using var slow = Paced(60);
        var load = new[] { "--rate", "40", "--duration", "6s" };
        var a = await SaveAsync(folder, "a.json", fast, load);
        var b = await SaveAsync(folder, "b.json", slow, load);
        var other = await SaveAsync(folder, "c.json", fast, "--rate", "20", "--duration", "1s");

        var worse = await CliRun.InProcessAsync("load", "compare", a, b);
        worse.Code.ShouldBe(ExitCode.NoneKept, worse.Output);
        worse.Output.ShouldStartWith("worse: median latency +");
        var better = await CliRun.InProcessAsync("load", "compare", b, a);
        (better.Code, better.Output.StartsWith("better: ")).ShouldBe((ExitCode.Ok, true));
        var same = await CliRun.InProcessAsync("load", "compare", b, b);
        (same.Code, same.Output.StartsWith("no difference: ")).ShouldBe((ExitCode.Ok, true));
        var drifted = await CliRun.InProcessAsync("load", "compare", b, a, "--noise-threshold", "100");
        (drifted.Code, drifted.Output.StartsWith("no difference: ")).ShouldBe((ExitCode.Ok, true));
        var odd = await CliRun.InProcessAsync("load", "compare", b, a, "--noise-threshold", "101");
        (odd.Code, odd.Error.Contains("--noise-threshold is 101; 0–100 percent are allowed")).ShouldBe((ExitCode.Usage, true));
        var unlike = await CliRun.InProcessAsync("load", "compare", a, other);
        (unlike.Code, unlike.Output.StartsWith("cannot be compared: the runs did not do the same")).ShouldBe((ExitCode.Undecided, true));
    }

    [Fact]
    public async Task Report_RendersASavedResultAgain()
    {
        using var folder = new TemporaryFolder();
        await using var server = ScriptedServer.Healthy();
        var saved = await SaveAsync(folder, "a.json", server, "--rate", "20", "--duration", "1s", "--text", folder.File("first.txt"));
        var text = await CliRun.InProcessAsync("load", "report", saved);
        (text.Code, text.Output).ShouldBe((ExitCode.Ok, await File.ReadAllTextAsync(folder.File("first.txt"))));
        var html = await CliRun.InProcessAsync("load", "report", saved, "--html", folder.File("again.html"));
        (html.Code, html.Output).ShouldBe((ExitCode.Ok, ""));
        (await File.ReadAllTextAsync(folder.File("again.html"))).ShouldContain("<h2>Percentiles</h2>");
    }

    [Theory]
    [InlineData("compare")]
    [InlineData("report")]
    [InlineData("capacity")]
    public async Task MissingOrForeignFiles_Exit1(string verb)
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder.File("none.json"), folder.File("other.json", "{\"schema\":\"fettle.result/1\",\"kind\":\"bench\"}"), folder.File("broken.json", "{") })
        {
            string[] rest = verb switch { "compare" => [path, path], "capacity" => [path, "--peak", "5"], _ => [path] };
            var run = await CliRun.InProcessAsync(["load", verb, .. rest]);
            run.Code.ShouldBe(ExitCode.Error, path);
            run.Error.ShouldStartWith("fettle: ");
        }
    }

    [Fact]
    public async Task Capacity_FitsPredictsAndWritesTheFiles()
    {
        using var folder = new TemporaryFolder();
        await using var server = Paced(10, atOnce: 4);
        var runs = new List<string>();
        foreach (var users in new[] { 1, 2, 4, 8, 16 })
        {
            runs.Add(await SaveAsync(folder, $"u{users}.json", server, "--users", $"{users}", "--duration", "2s"));
        }

        var outcome = await CliRun.InProcessAsync(["load", "capacity", .. runs, "--peak", "1000", "--service", "shop", "--image", "shop:1", "--port", "9000", "--sticky", "--upstream", "127.0.0.1:9001", "--out", folder.File("out")]);
        outcome.Code.ShouldBe(ExitCode.Ok, outcome.Error);
        outcome.Output.ShouldContain("from 5 runs");
        outcome.Output.ShouldMatch(@"instances\s+\d+ for 1000/s");
        outcome.Output.ShouldMatch(@"aws target tracking\s+a day\s+\d");
        (await File.ReadAllTextAsync(folder.File("out/nginx/upstream.conf"))).ShouldContain("ip_hash;");
        (await File.ReadAllTextAsync(folder.File("out/kubernetes/deployment.yaml"))).ShouldContain("image: \"shop:1\"");
        var few = await CliRun.InProcessAsync("load", "capacity", runs[0], runs[1], "--peak", "1000");
        (few.Code, few.Error.Contains("at least 3 are needed")).ShouldBe((ExitCode.Error, true));
        var none = await CliRun.InProcessAsync(["load", "capacity", .. runs, "--peak", "10", "--check"]);
        (none.Code, none.Error.Contains("--check needs a running instance")).ShouldBe((ExitCode.Usage, true));
        var name = await CliRun.InProcessAsync(["load", "capacity", .. runs, "--peak", "10", "--service", "Not Good"]);
        (name.Code, name.Error.Contains("service is 'Not Good'")).ShouldBe((ExitCode.Error, true));
    }
}

/// <summary>The curve measured and its prediction checked by the command itself.</summary>
[Trait("Category", "Slow")]
public sealed class CapacityCheckTests
{
    [Fact]
    public async Task RunningInstance_IsMeasuredAndThePredictionChecked()
    {
        var gate = new SemaphoreSlim(3);
        await using var server = new ScriptedServer(async r =>
        {
            await gate.WaitAsync(r.Stopping);
            try
            {
                await Task.Delay(20, r.Stopping);
            }
            finally
            {
                gate.Release();
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        using var folder = new TemporaryFolder();
        var run = await CliRun.InProcessAsync("load", "capacity", "--on", server.BaseUrl.ToString(), "--peak", "400", "--steps", "1,2,4,8", "--rounds", "1", "--duration", "2s", "--warmup", "200ms", "--check",
            "--json", folder.File("c.json"), "--html", folder.File("c.html"), "--out", folder.File("out"));

        if (run.Code == ExitCode.Error && run.Error.Contains("the generator was the limit"))
        {
            return; // On a machine this busy the command says that it knows nothing.
        }

        // Whether the prediction holds is the machine's word; that it is checked and told is the command's.
        run.Code.ShouldBeOneOf(ExitCode.Ok, ExitCode.NoneKept);
        run.Output.ShouldContain("Prediction checked at the knee");
        run.Output.ShouldContain(run.Code == ExitCode.Ok ? "PASS  prediction" : "FAIL  prediction");
        (await File.ReadAllTextAsync(folder.File("c.html"))).ShouldContain("run at the knee");
        File.Exists(folder.File("out/kubernetes/keda.yaml")).ShouldBeTrue();
        var report = await CliRun.InProcessAsync("load", "report", folder.File("c.json"));
        (report.Code, report.Output).ShouldBe((ExitCode.Ok, run.Output));
    }

    [Theory]
    [InlineData("capacity of what?", "load", "capacity", "--peak", "5")]
    [InlineData("--steps is '1,x'", "load", "capacity", "--peak", "5", "--on", "http://127.0.0.1:1", "--steps", "1,x")]
    public async Task Mistake_IsNamedAndExits2(string said, params string[] arguments)
    {
        var run = await CliRun.InProcessAsync(arguments);
        (run.Code, run.Error.Contains(said)).ShouldBe((ExitCode.Usage, true), run.Error);
    }
}

public sealed class ImportCommandTests
{
    [Fact]
    public async Task Log_BecomesAScenarioThatRuns()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var log = folder.File("access.log", "h - - [31/Jan/2025:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 1\nh - - [31/Jan/2025:10:00:00 +0000] \"GET /b HTTP/1.1\" 200 1\n");
        var import = await CliRun.InProcessAsync("load", "import", log, "--out", folder.File("out/day.yaml"));
        (import.Code, import.Output).ShouldBe((ExitCode.Ok, $"1 scenario in {folder.File("out/day.yaml")}; it has no target, give one with --target\n"));
        import.Error.ShouldContain("note: the log has whole seconds");
        var run = await CliRun.InProcessAsync("load", folder.File("out/day.yaml"), "--target", server.BaseUrl.ToString());
        run.ShouldBeFine();
        run.Output.ShouldContain("requests 2, failed 0");
    }

    [Theory]
    [InlineData("x.har", "{}", "not an HTTP archive")]
    [InlineData("x.json", "{}", "not an OpenAPI 3 description")]
    [InlineData("x.log", "nothing", "no line of the log can be replayed")]
    public async Task FileOfNoUse_Exits1(string name, string text, string said)
    {
        using var folder = new TemporaryFolder();
        var run = await CliRun.InProcessAsync("load", "import", folder.File(name, text), "--out", folder.File("s.yaml"));
        (run.Code, run.Error.Contains(said)).ShouldBe((ExitCode.Error, true), run.Error);
    }
}
