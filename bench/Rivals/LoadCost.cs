using System.Globalization;
using System.Text.RegularExpressions;
using Fettle.LoadTesting;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>Processor time per request of load generators, closed loop on 64 connections against one nginx worker, interleaved.</summary>
internal sealed class LoadCost : IBenchmark
{
    const int Connections = 64;

    public string Name => "load-cost";

    public string Summary => "CPU-µs per request: Fettle (closed, open), wrk, hey, Locust";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 3;
        using var target = new LoadTarget();
        await target.ReadyAsync();
        var found = new Dictionary<string, List<(double Micros, double Rate)>>();
        for (var round = 0; round < rounds; round++)
        {
            Add("Fettle, closed", await FettleAsync(target.Url, LoadModel.Users(Connections)));
            Add("wrk", await WrkAsync(target.Url));
            Add("hey", await HeyAsync(target.Url));
            Add("Fettle, open 5,000/s", await FettleAsync(target.Url, LoadModel.Rate(5000)));
        }

        Add("Locust, FastHttpUser", await LocustAsync(target.Url));
        var wrk = Median(found["wrk"].Select(f => f.Micros));
        result.Tables.Add(new ResultTable("Processor time per request, 64 connections, nginx with one worker",
            ["generator", "CPU-µs per request", "× wrk", "requests/s"],
            [.. found.Select(f => new[]
            {
                f.Key, Format(Median(f.Value.Select(v => v.Micros))), Format(Median(f.Value.Select(v => v.Micros)) / wrk), Format(Median(f.Value.Select(v => v.Rate))),
            })],
            "Medians over the rounds; processor time is user + system of the generator (Fettle: of its loop thread)."));

        void Add(string name, (double, double) value)
        {
            (found.TryGetValue(name, out var list) ? list : found[name] = []).Add(value);
        }
    }

    static async Task<(double, double)> FettleAsync(string url, LoadModel model)
    {
        var result = await new LoadGenerator().RunAsync(new LoadPlan
        {
            BaseUrl = new Uri(url),
            Model = model,
            Source = new RequestCycle([LoadRequest.Get("/")]),
            WarmUp = TimeSpan.Zero,
            Duration = TimeSpan.FromSeconds(4),
        });
        if (result.Failed > 0)
        {
            throw new InvalidOperationException($"{result.Failed} requests failed: {result.ErrorSamples[0]}");
        }

        return (result.Generator.CpuSeconds * 1e6 / result.Requests, result.Throughput);
    }

    internal static async Task<(double, double)> WrkAsync(string url)
    {
        var (output, cpu) = await TimedProgram.RunAsync($"wrk -t1 -c{Connections} -d4s {url}");
        var requests = double.Parse(Regex.Match(output, @"(\d+) requests in").Groups[1].Value, CultureInfo.InvariantCulture);
        return (cpu * 1e6 / requests, double.Parse(Regex.Match(output, @"Requests/sec:\s*([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture));
    }

    static async Task<(double, double)> HeyAsync(string url)
    {
        var (output, cpu) = await TimedProgram.RunAsync($"hey -z 4s -c {Connections} -cpus 1 {url}");
        var requests = double.Parse(Regex.Match(output, @"\[200\]\s+(\d+) responses").Groups[1].Value, CultureInfo.InvariantCulture);
        return (cpu * 1e6 / requests, double.Parse(Regex.Match(output, @"Requests/sec:\s*([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture));
    }

    static async Task<(double, double)> LocustAsync(string url)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-locust").FullName;
        try
        {
            var script = Path.Combine(folder, "l.py");
            await File.WriteAllTextAsync(script, "from locust import FastHttpUser, task\nclass U(FastHttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n");
            var (_, cpu) = await TimedProgram.RunAsync($"locust -f {script} --headless -u {Connections} -r {Connections} -t 6s --host {url.TrimEnd('/')} --csv {folder}/o --only-summary");
            var line = (await File.ReadAllLinesAsync(Path.Combine(folder, "o_stats.csv"))).Last(l => l.Contains("Aggregated", StringComparison.Ordinal)).Split(',');
            return (cpu * 1e6 / double.Parse(line[2], CultureInfo.InvariantCulture), double.Parse(line[9], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    internal static string Format(double value) => value.ToString(value < 100 ? "0.0#" : "0", CultureInfo.InvariantCulture);
}
