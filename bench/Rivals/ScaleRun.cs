using System.Globalization;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Scaling;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// Scaling as it happens: instances that burn 10 ms of processor time for every answer, held to a tenth of a core each, behind a real nginx;
/// load that rises and falls, and one instance killed on the way.
/// </summary>
internal sealed class ScaleRun : IBenchmark
{
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

    public string Name => "scale-run";

    public string Summary => "Instances behind nginx, added and removed by their processor use, one killed";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-burn").FullName;
        try
        {
            var script = Path.Combine(folder, "burn.py");
            await File.WriteAllTextAsync(script, Burner);
            var options = new ScaleOptions
            {
                Command = $"python3 {script} {{port}}",
                InstanceCores = 0.1,
                Rule = new ScalingRuleOptions
                {
                    MinInstances = 2, MaxInstances = 10, Window = TimeSpan.FromSeconds(4), ScaleOutCooldown = TimeSpan.FromSeconds(2), ScaleInCooldown = TimeSpan.FromSeconds(4),
                },
                SampleEvery = TimeSpan.FromSeconds(0.5),
                KillAfter = TimeSpan.FromSeconds(40),
            };
            LoadResult? run = null;
            var record = await new ScaleRunner().RunAsync(options, async (url, stop) => run = await new LoadGenerator().RunAsync(new LoadPlan
            {
                BaseUrl = url,
                Model = new ArrivalModel([Stage.Hold(8, TimeSpan.FromSeconds(8)), Stage.Ramp(8, 32, TimeSpan.FromSeconds(10)), Stage.Hold(32, TimeSpan.FromSeconds(30)), Stage.Hold(6, TimeSpan.FromSeconds(37))]),
                Source = new RequestCycle([LoadRequest.Get("/")]),
                Duration = TimeSpan.FromSeconds(85),
            }, null, stop));
            result.Tables.Add(new ResultTable("Load through nginx", ["figure", "value"],
            [
                ["requests", run!.Requests.ToString(CultureInfo.InvariantCulture)],
                ["failed", run.Failed.ToString(CultureInfo.InvariantCulture)],
                ["most instances", record.Samples.Max(s => s.Instances).ToString(CultureInfo.InvariantCulture)],
                ["p50 / p95 ms", string.Create(CultureInfo.InvariantCulture, $"{run.Latency.MillisecondsAt(50):0.#} / {run.Latency.MillisecondsAt(95):0.#}")],
            ], "8/s for 8 s, to 32/s in 10 s, 32/s for 30 s, 6/s for 37 s; every answer burns 10 ms; an instance may use a tenth of a core; one above 70 % over 4 s, one fewer below 50 %."));
            result.Tables.Add(new ResultTable("Events", ["at s", "event", "instance", "instances", "cause"],
                [.. record.Events.Select(e => new[] { e.Seconds.ToString("0.0", CultureInfo.InvariantCulture), e.What, e.Instance, e.Instances.ToString(CultureInfo.InvariantCulture), e.Cause })]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
