using System.Globalization;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// Identical runs compared with each other: how often a comparison calls them different. Beside <c>load compare</c>'s test on half-second
/// medians stands Mann–Whitney on all requests at 5 %, which takes requests for independent.
/// </summary>
internal sealed class LoadAgainstItself : IBenchmark
{
    public string Name => "load-aa";

    public string Summary => "False alarms of load compare on identical runs";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var runs = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 12;
        var file = ScenarioReader.Parse("scenarios: { same: { rate: 200, arrivals: poisson, warmup: 500ms, duration: 6s, requests: [{ path: /wait }] } }");
        // An answer takes 20 ms: beside one of microseconds the generator's own lag would show. The file is for another path.
        await using var target = await WebProcess.StartAsync(new Dictionary<string, string>(), "dotnet", typeof(LoadAgainstItself).Assembly.Location, "bare-server", "/dev/null");
        var reports = new List<(LoadReport Report, LatencyHistogram Latency)>();
        for (var i = 0; i < runs; i++)
        {
            var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = target.Address, CheckFirst = i == 0 });
            reports.Add((LoadReport.Of(run, []), run.Overall.Latency));
        }

        var (pairs, unlike, alarms, raw, widest) = (0, 0, 0, 0, 0.0);
        for (var a = 0; a < runs; a++)
        {
            for (var b = a + 1; b < runs; b++)
            {
                pairs++;
                var comparison = RunComparison.Of(reports[a].Report, reports[b].Report);
                unlike += comparison.Verdict == ComparisonVerdict.Unlike ? 1 : 0;
                alarms += comparison.Verdict is ComparisonVerdict.Better or ComparisonVerdict.Worse ? 1 : 0;
                raw += Math.Abs(MannWhitneyZ(reports[a].Latency, reports[b].Latency)) > 1.96 ? 1 : 0;
                widest = double.IsNaN(comparison.ChangePercent) ? widest : Math.Max(widest, Math.Abs(comparison.ChangePercent));
            }
        }

        result.Tables.Add(new ResultTable($"{runs.ToString(CultureInfo.InvariantCulture)} identical runs, every pair compared", ["test", "pairs", "called different", "%"],
        [
            ["load compare: medians of half seconds, noise floor", N(pairs - unlike), N(alarms), Percent(alarms, pairs - unlike)],
            ["Mann–Whitney on all requests at 5 %", N(pairs), N(raw), Percent(raw, pairs)],
        ], string.Create(CultureInfo.InvariantCulture, $"{unlike} pairs were refused because the generator was the limit; the largest change of the median between two runs was {widest:0.#} %.")));
    }

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
