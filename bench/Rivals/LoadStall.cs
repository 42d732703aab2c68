using System.Globalization;
using System.Text.RegularExpressions;
using Fettle.LoadTesting;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>Coordinated omission: 10 s at 1,000 requests per second with the server stopped for 2 s. The true p90 is 1.0 s, the true p99 1.9 s.</summary>
internal sealed class LoadStall : IBenchmark
{
    static readonly TimeSpan StallAfter = TimeSpan.FromSeconds(4);
    static readonly TimeSpan StallLength = TimeSpan.FromSeconds(2);

    public string Name => "load-stall";

    public string Summary => "What generators report of a server that stood still for 2 of 10 seconds";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        using var target = new LoadTarget();
        await target.ReadyAsync();
        var rows = new List<string[]> { new[] { "truth (even arrivals)", "1000", "1900" } };
        var stall = target.StallAsync(StallAfter, StallLength);
        var fettle = await new LoadGenerator().RunAsync(new LoadPlan
        {
            BaseUrl = new Uri(target.Url),
            Model = LoadModel.Rate(1000),
            Source = new RequestCycle([LoadRequest.Get("/")]),
            Duration = TimeSpan.FromSeconds(10),
            MaxConnections = 64,
        });
        await stall;
        rows.Add(["Fettle, latency", Milliseconds(fettle.Latency.MillisecondsAt(90)), Milliseconds(fettle.Latency.MillisecondsAt(99))]);
        rows.Add(["Fettle, service time", Milliseconds(fettle.ServiceTime.MillisecondsAt(90)), Milliseconds(fettle.ServiceTime.MillisecondsAt(99))]);
        stall = target.StallAsync(StallAfter, StallLength);
        var (hey, _) = await TimedProgram.RunAsync($"hey -z 10s -c 50 -q 20 {target.Url}");
        await stall;
        rows.Add(["hey -c 50 -q 20", Hey(hey, 90), Hey(hey, 99)]);
        stall = target.StallAsync(StallAfter, StallLength);
        var (wrk, _) = await TimedProgram.RunAsync($"wrk -t1 -c50 -d10s --latency {target.Url}");
        await stall;
        rows.Add(["wrk -c50 (closed loop)", Regex.Match(wrk, @"90%\s+(\S+)").Groups[1].Value, Regex.Match(wrk, @"99%\s+(\S+)").Groups[1].Value]);
        stall = target.StallAsync(StallAfter + TimeSpan.FromSeconds(2), StallLength); // Locust takes about two seconds to begin.
        if (await LocustAsync(target.Url) is { } locust)
        {
            rows.Add(["Locust, 50 users at 20/s each", locust.P90, locust.P99]);
        }

        await stall;
        stall = target.StallAsync(StallAfter, StallLength);
        if (await AutocannonAsync(target.Url) is { } autocannon)
        {
            rows.Add(["autocannon -c 50 -R 1000", autocannon.P90, autocannon.P99]);
        }

        await stall;
        result.Tables.Add(new ResultTable("Server stopped for 2 s of 10 s, 1,000 requests per second", ["generator", "p90 ms", "p99 ms"], rows));
        result.Histograms["fettle"] = fettle.Latency.ToResultHistogram();
    }

    /// <summary>Null where Locust is not installed.</summary>
    static async Task<(string P90, string P99)?> LocustAsync(string url)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-locust").FullName;
        try
        {
            var script = Path.Combine(folder, "l.py");
            await File.WriteAllTextAsync(script, "from locust import FastHttpUser, task, constant_throughput\nclass U(FastHttpUser):\n    wait_time = constant_throughput(20)\n    @task\n    def t(self):\n        self.client.get('/')\n");
            await TimedProgram.RunAsync($"locust -f {script} --headless -u 50 -r 50 -t 10s --host {url.TrimEnd('/')} --csv {folder}/o --only-summary || true");
            var stats = Path.Combine(folder, "o_stats.csv");
            if (!File.Exists(stats))
            {
                return null;
            }

            var lines = await File.ReadAllLinesAsync(stats);
            var (names, all) = (lines[0].Split(','), lines.Last(l => l.Contains("Aggregated", StringComparison.Ordinal)).Split(','));
            return (all[Array.IndexOf(names, "90%")], all[Array.IndexOf(names, "99%")]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Null where autocannon is not on the PATH.</summary>
    static async Task<(string P90, string P99)?> AutocannonAsync(string url)
    {
        var (output, _) = await TimedProgram.RunAsync($"autocannon -c 50 -R 1000 -d 10 --json --no-progress {url} 2>/dev/null || true");
        var (p90, p99) = (Regex.Match(output, "\"p90\":([\\d.]+)"), Regex.Match(output, "\"p99\":([\\d.]+)"));
        return p90.Success ? (p90.Groups[1].Value, p99.Groups[1].Value) : null;
    }

    static string Hey(string output, int percentile) =>
        Milliseconds(1000 * double.Parse(Regex.Match(output, percentile + @"%+ in ([\d.]+) secs").Groups[1].Value, CultureInfo.InvariantCulture));

    static string Milliseconds(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}

/// <summary>The result document's histogram of this assembly from the public buckets.</summary>
internal static class HistogramText
{
    public static ResultHistogram ToResultHistogram(this LatencyHistogram histogram)
    {
        var buckets = histogram.Buckets().ToArray();
        return new ResultHistogram("ms", [.. buckets.Select(b => b.UpperMilliseconds)], [.. buckets.Select(b => b.Count)]);
    }
}
