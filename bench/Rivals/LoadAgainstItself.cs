using System.Globalization;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// Identical runs compared with each other: how often a comparison calls them different, and how often it sees a service that is a tenth slower.
/// Beside <c>load compare</c>'s test on half-second medians stands Mann–Whitney on all requests at 5 %, which takes requests for independent.
/// </summary>
internal sealed class LoadAgainstItself : IBenchmark
{
    // An answer takes 20 ms: beside one of microseconds the generator's own lag would show.
    const int Answer = 20, Slower = 22;

    public string Name => "load-aa";

    public string Summary => "False alarms of load compare on identical runs, and what it sees of 10 %";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var runs = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 12;
        await using var target = await WebProcess.StartAsync(new Dictionary<string, string>(), "dotnet", typeof(LoadAgainstItself).Assembly.Location, "bare-server", "/dev/null");
        List<Run> same = [], slower = [];
        for (var i = 0; i < runs; i++)
        {
            same.Add(await RunOnceAsync(target.Address, Answer));
            if (i % 2 == 1)
            {
                slower.Add(await RunOnceAsync(target.Address, Slower));
            }
        }

        var identical = same.SelectMany((a, i) => same.Skip(i + 1).Select(b => (a, b))).ToArray();
        var different = same.SelectMany(a => slower.Select(b => (a, b))).ToArray();
        var (drift, limited) = (0.0, 0);
        foreach (var (a, b) in identical)
        {
            var comparison = RunComparison.Of(a.Report, b.Report);
            limited += comparison.Verdict == ComparisonVerdict.Unlike ? 1 : 0;
            drift = double.IsNaN(comparison.ChangePercent) ? drift : Math.Max(drift, Math.Abs(comparison.ChangePercent));
        }

        result.Tables.Add(new ResultTable($"{N(runs)} runs of a service that answers in {Answer} ms and {N(slower.Count)} among them of one that takes {Slower} ms, every pair compared",
            ["test", "identical pairs", "called different", "%", "slower pairs", "called worse", "%"],
        [
            Row($"load compare (noise threshold {RunComparison.DefaultNoiseThreshold:0} %)", Compared(RunComparison.DefaultNoiseThreshold)),
            Row("load compare --noise-threshold 0", Compared(0)),
            Row("Mann–Whitney on all requests at 5 %", pair => MannWhitneyZ(pair.A.Latency, pair.B.Latency) switch { > 1.96 => ComparisonVerdict.Better, < -1.96 => ComparisonVerdict.Worse, _ => ComparisonVerdict.NoDifference }),
        ], string.Create(CultureInfo.InvariantCulture, $"{limited} identical pairs were refused because the generator was the limit. The largest change of the median between two identical runs was {drift:0.#} %.")));

        string[] Row(string test, Func<(Run A, Run B), ComparisonVerdict> judge)
        {
            var (a, b) = (identical.Select(judge).Where(v => v != ComparisonVerdict.Unlike).ToArray(), different.Select(judge).Where(v => v != ComparisonVerdict.Unlike).ToArray());
            var (alarms, found) = (a.Count(v => v != ComparisonVerdict.NoDifference), b.Count(v => v == ComparisonVerdict.Worse));
            return [test, N(a.Length), N(alarms), Percent(alarms, a.Length), N(b.Length), N(found), Percent(found, b.Length)];
        }
    }

    static Func<(Run A, Run B), ComparisonVerdict> Compared(double noiseThreshold) => pair => RunComparison.Of(pair.A.Report, pair.B.Report, noiseThreshold).Verdict;

    static async Task<Run> RunOnceAsync(Uri address, int milliseconds)
    {
        var file = ScenarioReader.Parse($"scenarios: {{ same: {{ rate: 200, arrivals: poisson, warmup: 500ms, duration: 6s, requests: [{{ name: wait, path: /wait/{N(milliseconds)} }}] }} }}");
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = address, CheckFirst = false });
        return new Run(LoadReport.Of(run, []), run.Overall.Latency);
    }

    sealed record Run(LoadReport Report, LatencyHistogram Latency);

    /// <summary>The statistic of the Mann–Whitney test on the histograms' slots, corrected for ties, in standard deviations.</summary>
    static double MannWhitneyZ(LatencyHistogram a, LatencyHistogram b)
    {
        var slots = new SortedDictionary<double, (long A, long B)>();
        foreach (var (upper, count) in a.Buckets())
        {
            slots[upper] = (count, 0);
        }

        foreach (var (upper, count) in b.Buckets())
        {
            slots[upper] = (slots.GetValueOrDefault(upper).A, count);
        }

        double n = a.Count, m = b.Count, below = 0, ranks = 0, ties = 0;
        foreach (var (inA, inB) in slots.Values)
        {
            double tied = inA + inB;
            ranks += inA * (below + (tied + 1) / 2);
            ties += tied * tied * tied - tied;
            below += tied;
        }

        var u = ranks - n * (n + 1) / 2;
        var variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
        return (u - n * m / 2) / Math.Sqrt(variance);
    }

    static string N(int value) => value.ToString(CultureInfo.InvariantCulture);

    static string Percent(int part, int whole) => whole == 0 ? "–" : (100.0 * part / whole).ToString("0.#", CultureInfo.InvariantCulture);
}
