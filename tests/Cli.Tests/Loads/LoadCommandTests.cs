using System.Text.Json.Nodes;
using System.Xml.Linq;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

[Trait("Category", "Slow")]
public sealed class LoadCommandTests
{
    [Fact]
    public async Task Rate_PrintsTheReportAndWritesEveryFormat()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var files = new[] { "json", "html", "markdown", "junit", "csv", "text" }.Select(f => (Option: "--" + f, Path: folder.File("deep/report." + f))).ToArray();
        var run = await CliRun.InProcessAsync(["load", $"{server.BaseUrl}x?y=$1", "--rate", "50", "-d", "1s", "--warmup", "200ms", "--threshold", "http_req_failed: rate==0", .. files.SelectMany(f => new[] { f.Option, f.Path })]);

        run.ShouldBeFine();
        run.Output.ShouldContain("requests 50, failed 0");
        run.Output.ShouldContain("PASS  http_req_failed rate==0");
        run.Output.ShouldContain("grade: excellent");
        files.ShouldAllBe(f => run.Error.Contains($"written: {f.Path}"));
        var json = JsonNode.Parse(await File.ReadAllTextAsync(files[0].Path))!;
        ((string)json["schema"]!).ShouldBe("fettle.result/1");
        ((int)json["data"]!["overall"]!["requests"]!).ShouldBe(50);
        json["command"]!.AsArray().Select(a => (string)a!).Take(4).ShouldBe(["fettle", "load", $"{server.BaseUrl}x?y=$1", "--rate"]);
        (await File.ReadAllTextAsync(files[1].Path)).ShouldStartWith("<!doctype html>");
        (await File.ReadAllTextAsync(files[2].Path)).ShouldContain("| `http_req_failed rate==0` | passed |");
        XDocument.Load(files[3].Path).Descendants("testcase").ShouldNotBeEmpty();
        (await File.ReadAllLinesAsync(files[4].Path)).Length.ShouldBe(3); // a header and two half seconds
        (await File.ReadAllTextAsync(files[5].Path)).ShouldContain("grade: excellent");
    }

    [Fact]
    public async Task RequestsAndConcurrency_PrintMinMeanMedianMax()
    {
        await using var server = ScriptedServer.Healthy();
        var run = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--requests", "200", "--concurrency", "10", "--no-metrics");

        run.ShouldBeFine();
        run.Output.ShouldContain("requests 200, failed 0");
        run.Output.ShouldMatch(@"min [\d.]+  mean [\d.]+  median [\d.]+  max [\d.]+ ms");
        server.Requests.ShouldBe(201); // and the check before the run
    }

    [Fact]
    public async Task MethodBodyHeaders_AreSentAsTheyAre()
    {
        const string Body = "{\"a\": 1, \"b\": \"$x ${y} $${z}\\n\\u00e9 \u00fc \ud83d\ude00 <'>\"}\n";
        using var folder = new TemporaryFolder();
        ScriptedRequest? last = null;
        await using var server = new ScriptedServer(async r =>
        {
            last = r;
            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var body = folder.File("body.json", Body);
        var run = await CliRun.InProcessAsync("load", $"{server.BaseUrl}p", "-n", "3", "--no-check", "--no-metrics", "--body", "@" + body, "-H", "X-One: 1", "-H", "Content-Type: application/json", "--users", "2", "--think", "1ms..2ms", "--timeout", "5s");

        run.ShouldBeFine();
        (last!.Method, last.Path, last.Body, last.Header("X-One"), last.Header("Content-Type")).ShouldBe(("POST", "/p", Body, "1", "application/json"));
        server.Requests.ShouldBe(3);
    }

    [Fact]
    public async Task BrokenThreshold_Exits99AndStillWritesTheReport()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var run = await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--rate", "20", "--poisson", "-d", "1s", "--threshold", "http_req_duration: p(50)<0.000001", "--junit", folder.File("r.xml"));

        run.Code.ShouldBe(ExitCode.ThresholdFailed);
        run.Output.ShouldContain("FAIL  http_req_duration p(50)<1E-06");
        XDocument.Load(folder.File("r.xml")).Descendants("failure").ShouldContain(f => f.Parent!.Attribute("name")!.Value.StartsWith("http_req_duration"));
    }

    [Fact]
    public async Task ScenarioFile_RunsShortAgainstAnotherTarget()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var file = folder.File("s.yaml", """
            name: shop
            target: http://127.0.0.1:1
            scenarios:
              a: { rate: 100, duration: 100s, requests: [{ path: /a }] }
              b: { after: a, users: 10, think: 10ms, duration: 100s, requests: [{ path: /b }] }
            thresholds: { "http_reqs{scenario:a}": "count==10000" }
            short: { time: 0.01, load: 0.1 }
            """);
        var run = await CliRun.InProcessAsync("load", file, "--short", "--target", server.BaseUrl.ToString(), "--json", folder.File("r.json"));

        run.ShouldBeFine();
        run.Output.ShouldContain("PASS  http_reqs{scenario:a} count==10");
    }

    [Fact]
    public async Task Baseline_HoldsThresholdsAgainstASavedRun()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        var saved = folder.File("base.json");
        (await CliRun.InProcessAsync("load", server.BaseUrl.ToString(), "--rate", "50", "-d", "1s", "--json", saved)).ShouldBeFine();
        string[] again = ["load", server.BaseUrl.ToString(), "--rate", "50", "-d", "1s", "--baseline", saved, "--threshold"];

        (await CliRun.InProcessAsync([.. again, "http_req_duration: p(50)<baseline*10000"])).ShouldBeFine();
        (await CliRun.InProcessAsync([.. again, "http_req_duration: p(50)<baseline*0.0001"])).Code.ShouldBe(ExitCode.ThresholdFailed);
    }

    [Fact]
    public async Task GeneratorThatCannotKeepUp_Exits4AndSaysSo()
    {
        await using var server = ScriptedServer.Healthy();
        using var folder = new TemporaryFolder();
        // Writing a body of ten thousand items takes far longer than the gap between two arrivals.
        var file = folder.File("heavy.yaml", """
            feeds: { item: { values: [a, b, c], choose: uniform } }
            scenarios:
              heavy: { rate: 2000, duration: 1s, connections: 16, requests: [{ path: /a, json: { list: { $repeat: 10000, $item: { it: "${item}" } } } }] }
            """);
        var run = await CliRun.InProcessAsync("load", file, "--target", server.BaseUrl.ToString(), "--no-check");

        run.Code.ShouldBe(ExitCode.Undecided, run.Output);
        run.Output.ShouldContain("GENERATOR-LIMITED");
        run.Output.ShouldContain("hint: generator-bound");
        run.Output.ShouldContain("latency from intended start:");
        run.Output.ShouldContain("service time from sending:");
        run.Output.ShouldContain("send lag:");
    }

    [Theory]
    [InlineData("load what?", "load")]
    [InlineData("exclude each other", "load", "http://127.0.0.1:1", "--rate", "5", "--users", "5")]
    [InlineData("duration is 'fast'", "load", "http://127.0.0.1:1", "--duration", "fast")]
    [InlineData("--header is 'X'", "load", "http://127.0.0.1:1", "--header", "X")]
    [InlineData("--threshold is 'p(95)<5'", "load", "http://127.0.0.1:1", "--threshold", "p(95)<5")]
    [InlineData("did you mean 'http_req_duration'", "load", "http://127.0.0.1:1", "--threshold", "http_req_duratoin: p(95)<5")]
    [InlineData("Threads is 0", "load", "http://127.0.0.1:1", "--threads", "0")]
    [InlineData("allowed: an http or https address", "load", "http://127.0.0.1:1", "--target", "ftp://x")]
    [InlineData("the limit is 50000 (--max-rate)", "load", "http://127.0.0.1:1", "--rate", "60000")]
    [InlineData("the limit is 2h (--max-duration)", "load", "http://127.0.0.1:1", "--rate", "1", "--duration", "3h")]
    [InlineData("--max-duration is 'x'", "load", "http://127.0.0.1:1", "--max-duration", "x")]
    [InlineData("did you mean '--rate'", "load", "http://127.0.0.1:1", "--rats", "5")]
    public async Task Mistake_IsNamedAndExits2(string said, params string[] arguments)
    {
        var run = await CliRun.InProcessAsync(arguments);
        run.Code.ShouldBe(ExitCode.Usage, run.Error);
        run.Error.ShouldContain(said);
        run.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task MissingFilesAndForeignHosts_Exit1()
    {
        var missing = await CliRun.InProcessAsync("load", "/nowhere/s.yaml");
        (missing.Code, missing.Error.Contains("there is no file '/nowhere/s.yaml'")).ShouldBe((ExitCode.Error, true));
        var foreign = await CliRun.InProcessAsync("load", "http://192.0.2.1/", "--no-check", "--duration", "1s");
        (foreign.Code, foreign.Error.Contains("--allow-host 192.0.2.1")).ShouldBe((ExitCode.Error, true));
        var baseline = await CliRun.InProcessAsync("load", "http://127.0.0.1:1", "--baseline", "/nowhere/b.json");
        (baseline.Code, baseline.Error.Contains("/nowhere/b.json")).ShouldBe((ExitCode.Error, true));
    }

    [Fact]
    public async Task RequestThatFailsBeforeTheRun_StopsItThere()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var run = await CliRun.InProcessAsync("load", $"{server.BaseUrl}gone", "--rate", "50");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("request GET /gone");
        run.Error.ShouldContain("status 404");
        server.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task ScenarioMistakes_AreAllListed()
    {
        using var folder = new TemporaryFolder();
        var run = await CliRun.InProcessAsync("load", folder.File("bad.yaml", "scenarios:\n  a: { raet: 5, duration: 1s, requests: [{ path: x }] }\n"));

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("did you mean 'rate'?");
        run.Error.ShouldContain("path is 'x'; it begins with '/'");
    }
}
