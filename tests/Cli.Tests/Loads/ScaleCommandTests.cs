using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

[Trait("Category", "Slow")]
public sealed class ScaleCommandTests
{
    /// <summary>Burns ten milliseconds of processor time for every answer.</summary>
    const string Burner = """
        import sys, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                end = time.thread_time() + (0 if self.path == '/readyz' else 0.01)
                while time.thread_time() < end:
                    pass
                self.send_response(200)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'ok')
            def log_message(self, *args):
                pass
        ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
        """;

    sealed class RequiresNginxAndPythonFactAttribute() : RequiresFactAttribute(
        Tools.Find("nginx") is null ? "the program nginx" : Tools.Find("python3") is null ? "the program python3" : null);

    [RequiresNginxAndPythonFact]
    public async Task BusyInstances_GetAnother_AndTheReportTellsWhy()
    {
        using var folder = new TemporaryFolder();
        var server = folder.File("burn.py", Burner);
        // Twice the processor time that both instances may use together: their use is near 100 % on any machine that runs at all.
        var run = await CliRun.InProcessAsync("scale", "run", "/work", "--instance", $"{Tools.Find("python3")} {server} {{port}}", "--instance-cpu", "0.05", "--min", "2", "--max", "3",
            "--window", "2s", "--cooldown-out", "1s", "--sample", "200ms", "--start-timeout", "2m", "--users", "4", "--duration", "20s", "--timeout", "2m", "--no-check",
            "--json", folder.File("r.json"), "--html", folder.File("r.html"));

        run.ShouldBeFine();
        run.Error.ShouldContain("scale out, 2 instances: CPU ");
        run.Output.ShouldContain("above 70 %");
        var json = JsonNode.Parse(await File.ReadAllTextAsync(folder.File("r.json")))!;
        ((int)json["data"]!["overall"]!["failed"]!).ShouldBe(0);
        json["data"]!["scaling"]!.AsArray().Count.ShouldBeGreaterThan(3);
        var html = await File.ReadAllTextAsync(folder.File("r.html"));
        html.ShouldContain("<h2>Scaling</h2>");
        html.ShouldContain("instances behind nginx");
    }

    [RequiresToolFact("nginx")]
    public async Task InstanceThatDoesNotStart_Exits1WithItsOutput()
    {
        var run = await CliRun.InProcessAsync("scale", "run", "/", "--instance", "sh -c 'echo no model >&2; exit 7' {port}", "--duration", "1s");
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain("ended with code 7 before it was ready: no model");
    }

    [Theory]
    [InlineData("has no {port}", "scale", "run", "/", "--instance", "serve")]
    [InlineData("it is below ScaleOutCpu", "scale", "run", "/", "--instance", "serve {port}", "--cpu-in", "80")]
    [InlineData("MinInstances is 0", "scale", "run", "/", "--instance", "serve {port}", "--min", "0")]
    [InlineData("--window is 'long'", "scale", "run", "/", "--instance", "serve {port}", "--window", "long")]
    public async Task Mistake_IsNamedAndExits2(string said, params string[] arguments)
    {
        var run = await CliRun.InProcessAsync(arguments);
        run.Code.ShouldBe(ExitCode.Usage, run.Error);
        run.Error.ShouldContain(said);
    }
}
