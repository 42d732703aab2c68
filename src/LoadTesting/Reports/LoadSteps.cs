using System.Globalization;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Thresholds;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>One level of a stepped open model as it went.</summary>
/// <param name="Offered">Requests per second that were due.</param>
/// <param name="Answered">Good answers per second.</param>
/// <param name="FailedShare">Share of failed requests, 0 to 1.</param>
/// <param name="MedianMilliseconds">Middle of the half seconds' medians.</param>
/// <param name="P95Milliseconds">Middle of the half seconds' 95th percentiles.</param>
/// <param name="Whole">The whole level was measured.</param>
/// <param name="Held">The thresholds on latency and failures held in it.</param>
sealed record LoadStep(double Offered, double Answered, double FailedShare, double MedianMilliseconds, double P95Milliseconds, bool Whole, bool Held);

/// <summary>
/// The levels of an open model that goes up in steps, and its knee: the last level below the first that broke a threshold of the file
/// (p(N) of latency, rate of failures) or gave fewer than 95 % of the asked answers.
/// </summary>
sealed class LoadSteps
{
    const int FewestSteps = 3;
    const double EnoughAnswers = 0.95;

    readonly string _scenario;

    LoadSteps(string scenario, IReadOnlyList<LoadStep> steps) => (_scenario, Steps) = (scenario, steps);

    public IReadOnlyList<LoadStep> Steps { get; }

    /// <summary>The knee; null when already the first level broke.</summary>
    public LoadStep? Knee => Steps.TakeWhile(s => s.Held).LastOrDefault(s => s.Whole);

    public string Sentence => Steps.All(s => s.Held)
        ? string.Create(CultureInfo.InvariantCulture, $"knee of {_scenario}: not reached; {Steps[^1].Offered:0.#} requests/s still held")
        : Knee is { } knee
            ? string.Create(CultureInfo.InvariantCulture, $"knee of {_scenario}: {knee.Offered:0.#} requests/s ({knee.Answered:0.#} good answers/s, p95 {knee.P95Milliseconds:0.##} ms); {Steps.First(s => !s.Held).Offered:0.#} requests/s broke")
            : string.Create(CultureInfo.InvariantCulture, $"knee of {_scenario}: below {Steps[0].Offered:0.#} requests/s, the first level");

    /// <summary>Null when the scenario does not go up in at least three steps.</summary>
    public static LoadSteps? Of(Scenario scenario, LoadResult result, IReadOnlyList<ThresholdOutcome> thresholds)
    {
        if (scenario.Model is not ArrivalModel { Stages: var stages } || stages.Count < FewestSteps || stages.Any(s => s.From != s.To) || stages.Zip(stages.Skip(1)).Any(p => p.Second.From <= p.First.From))
        {
            return null;
        }

        var limits = thresholds.Select(t => t.Threshold).Where(t => !t.Relative && (!t.Tags.TryGetValue("scenario", out var of) || of == scenario.Name) && t.Tags.Keys.All(k => k == "scenario")).ToArray();
        var steps = new List<LoadStep>();
        var at = -scenario.WarmUp.TotalSeconds;
        foreach (var stage in stages)
        {
            var (from, to) = (Math.Max(0, at), at + stage.Duration.TotalSeconds);
            at = to;
            var blocks = result.Blocks.Where(b => b.StartSeconds >= from - 1e-6 && b.StartSeconds + 0.5 <= Math.Min(to, result.Seconds) + 1e-6).ToArray();
            if (blocks.Length > 0 && stage.To > 0)
            {
                steps.Add(Step(stage.To, blocks, whole: to <= result.Seconds + 0.5 && blocks.Length * 0.5 >= 0.8 * (to - from), limits));
            }
        }

        return steps.Count == 0 ? null : new LoadSteps(scenario.Name, steps);
    }

    public ResultTable ToTable() => new($"Steps of {_scenario}", ["offered/s", "good answers/s", "failed %", "p50 ms", "p95 ms", "held"],
        [.. Steps.Select(s => new[] { ReportWriter.Text(s.Offered), ReportWriter.Text(s.Answered), ReportWriter.Text(100 * s.FailedShare), ReportWriter.Text(s.MedianMilliseconds), ReportWriter.Text(s.P95Milliseconds), s.Held ? s.Whole ? "yes" : "as far as it went" : "no" })],
        "Percentiles are the middle of those of the half seconds.");

    static LoadStep Step(double offered, LoadBlock[] blocks, bool whole, Threshold[] limits)
    {
        var (requests, failed) = (blocks.Sum(b => b.Requests), blocks.Sum(b => b.Failed));
        var answered = (requests - failed) / (blocks.Length * 0.5);
        var share = requests == 0 ? 0 : (double)failed / requests;
        double Middle(Func<LoadBlock, double> of) => blocks.Select(of).Where(v => !double.IsNaN(v)).ToArray() is { Length: > 0 } values ? BlockNoise.Median(values) : double.NaN;
        var (median, p95, p99) = (Middle(b => b.MedianMilliseconds), Middle(b => b.P95Milliseconds), Middle(b => b.P99Milliseconds));
        var held = answered >= EnoughAnswers * requests / (blocks.Length * 0.5) && limits.All(t => (t.Metric, t.Aggregate) switch
        {
            ("http_req_failed", "rate") => t.Holds(share, null),
            ("http_req_duration", "med") => t.Holds(median, null),
            ("http_req_duration", "p") => t.Holds(t.Percentile <= 50 ? median : t.Percentile <= 95 ? p95 : p99, null),
            _ => true,
        });
        return new LoadStep(offered, answered, share, median, p95, whole, held);
    }
}
