using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning;

/// <summary>How a verification ended.</summary>
public enum VerifyEnd
{
    /// <summary>No metric is worse by more than the tolerance, and no answer changed.</summary>
    NotWorse,

    /// <summary>A metric is worse beyond noise, or an answer changed.</summary>
    Worse,

    /// <summary>The two measurements cannot be told apart at the tolerance, or must not be compared.</summary>
    Undecided,

    /// <summary>An absolute limit was missed.</summary>
    ThresholdFailed,
}

/// <summary>What a verification found.</summary>
/// <param name="End">The verdict.</param>
/// <param name="Json">The <c>fettle.result/1</c> document of which text and Markdown are rendered.</param>
public sealed record VerifyOutcome(VerifyEnd End, string Json);

/// <summary>Settings of a verification.</summary>
public sealed record VerifyOptions
{
    /// <summary>Loss in per cent that is accepted; a noise floor above it takes its place. Default 10; 1–100.</summary>
    public double TolerancePercent { get; set => field = Throw.InRange(value, 1, 100, "tolerance"); } = 10;

    /// <summary>Probability of calling an equal build worse. Default 0.01; 0.0001–0.2.</summary>
    public double Alpha { get; set => field = Throw.InRange(value, 0.0001, 0.2, "alpha"); } = 0.01;

    /// <summary>Accept changed answers. Default false.</summary>
    public bool AllowChangedAnswers { get; set; }

    /// <summary>Absolute limits.</summary>
    public IReadOnlyList<VerifyThreshold> Thresholds { get; set; } = [];
}

/// <summary>
/// Compares a measurement with one made earlier, as a pipeline does. The rounds of two runs are not paired: the effect is the difference of mean logarithms with
/// Welch's interval (Welch 1947), at the error level divided by the number of metrics; what lies within either run's A/A noise floor counts as nothing.
/// </summary>
public static class Verifier
{
    /// <summary>The rate at which a baseline's latencies were measured: the later run must take it over.</summary>
    /// <exception cref="InvalidDataException">The text is no result of <c>fettle measure</c> or <c>fettle tune</c>.</exception>
    public static double Rate(string baselineJson)
    {
        var baseline = Read(baselineJson, "the baseline");
        return (double)baseline.Data["baseline"]!["ratePerSecond"]!;
    }

    /// <summary>Compares two results of <c>fettle measure</c>.</summary>
    /// <exception cref="InvalidDataException">A text is no such result, or the two were measured in different ways.</exception>
    public static VerifyOutcome Compare(string baselineJson, string currentJson, VerifyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var baseline = Read(baselineJson, "the baseline");
        var current = Read(currentJson, "the measurement");
        foreach (var setting in new[] { "workload", "users", "quick" })
        {
            if (baseline.Settings[setting]?.ToJsonString() != current.Settings[setting]?.ToJsonString())
            {
                throw new InvalidDataException($"the baseline was measured with {setting} {baseline.Settings[setting]}, this run with {current.Settings[setting]}: measure the baseline again in the same way");
            }
        }

        var result = new ResultDocument
        {
            Kind = "tune", Name = current.Name, StartedAt = current.StartedAt, DurationSeconds = current.DurationSeconds, Machine = current.Machine, Source = current.Source, Command = current.Command, Settings = current.Settings, Noise = current.Noise,
        };
        result.Settings["mode"] = "verify";
        var rows = Metrics.All.Select(m => Row(m, baseline, current, options)).OfType<MetricRow>().ToArray();
        var answers = Answers(baseline, current);
        var failed = options.Thresholds.Where(t => !t.Holds(Figure(current, t.Metric))).ToArray();
        var (end, reason) = Decide(baseline, current, rows, answers, failed, options);
        result.Tables.Add(new ResultTable(
            $"Verified against {baseline.Source.Commit[..Math.Min(10, baseline.Source.Commit.Length)]}", ["metric", "baseline", "now", "factor", "interval", "verdict"],
            [.. rows.Select(r => r.Cells), .. options.Thresholds.Select(t => new[] { t.ToString(), "", Cells.Figure(Figure(current, t.Metric)), "", "", t.Holds(Figure(current, t.Metric)) ? "holds" : "failed" })],
            string.Create(CultureInfo.InvariantCulture, $"Factor above 1 is better. Latency at {(double)current.Data["baseline"]!["ratePerSecond"]!:0.#} requests/s. {answers.Text}")));
        result.Verdicts.Add(new ResultVerdict("verify", Word(end), reason));
        result.Data["end"] = end.ToString();
        result.Data["baselineCommit"] = baseline.Source.Commit;
        result.Data["answersChanged"] = TrialJson.Strings(answers.Changed);
        return new VerifyOutcome(end, result.ToJson());
    }

    static (VerifyEnd End, string Reason) Decide(ResultDocument baseline, ResultDocument current, MetricRow[] rows, (IReadOnlyList<string> Changed, string Text) answers, VerifyThreshold[] failed, VerifyOptions options)
    {
        if (failed.Length > 0)
        {
            return (VerifyEnd.ThresholdFailed, $"missed: {string.Join(", ", failed.Select(f => $"{f} is {Cells.Figure(Figure(current, f.Metric))}"))}");
        }

        if (answers.Changed.Count > 0 && !options.AllowChangedAnswers)
        {
            return (VerifyEnd.Worse, $"{answers.Changed.Count} answers changed, first {answers.Changed[0]}");
        }

        if (baseline.Machine != current.Machine)
        {
            return (VerifyEnd.Undecided, $"the baseline was measured on {baseline.Machine.Processor} with {baseline.Machine.Cores} cores and {baseline.Machine.Runtime}, this run on {current.Machine.Processor} with {current.Machine.Cores} cores and {current.Machine.Runtime}");
        }

        if (new[] { baseline, current }.Any(r => (bool?)r.Data["baseline"]!["generatorLimited"] == true))
        {
            return (VerifyEnd.Undecided, "the generator was the limit of one of the two measurements");
        }

        if (rows.FirstOrDefault(r => r.Verdict == "worse") is { } worse)
        {
            return (VerifyEnd.Worse, string.Create(CultureInfo.InvariantCulture, $"{worse.Metric.Name()} is {1 / worse.Factor:0.00}× worse"));
        }

        return rows.FirstOrDefault(r => r.Verdict == "undecided") is { } open
            ? (VerifyEnd.Undecided, $"{open.Metric.Name()} cannot be told from noise at a tolerance of {options.TolerancePercent.ToString(CultureInfo.InvariantCulture)} %")
            : (VerifyEnd.NotWorse, rows.Any(r => r.Verdict == "better") ? "not worse, and better in part" : "not worse");
    }

    static MetricRow? Row(Metric metric, ResultDocument baseline, ResultDocument current, VerifyOptions options)
    {
        var (a, b) = (Rounds(metric, baseline), Rounds(metric, current));
        if (a.Length < 4 || b.Length < 4)
        {
            return null;
        }

        var sign = metric.HigherIsBetter() ? -1 : 1;
        var effect = Welch.Effect([.. a.Select(v => sign * Math.Log(v))], [.. b.Select(v => sign * Math.Log(v))], options.Alpha / Metrics.All.Length);
        var floor = Math.Max(Floor(metric, baseline), Floor(metric, current));
        var margin = Math.Max(floor, Math.Log(1 + options.TolerancePercent / 100));
        var agrees = MannWhitney.PValue(a, b) < 0.05;
        var verdict = effect switch
        {
            // CPU alone refuses nothing, as in the loop.
            _ when effect.Upper < -floor && effect.Estimate < -margin && agrees => metric == Metric.Cpu ? "more" : "worse",
            _ when effect.Lower > floor && agrees => "better",
            _ when effect.Lower > -margin || metric == Metric.Cpu => "not worse",
            _ => "undecided",
        };
        return new MetricRow(metric, Quantiles.Median(a), Quantiles.Median(b), effect.Factor, verdict,
        [
            metric switch { Metric.Capacity => "capacity, requests/s", Metric.Cpu => "CPU per request, ms", _ => $"latency {metric.Name()}, ms" },
            Cells.Figure(Quantiles.Median(a)), Cells.Figure(Quantiles.Median(b)), Cells.Factor(effect.Factor), $"{Cells.Factor(effect.LowerFactor)} – {Cells.Factor(effect.UpperFactor)}", verdict,
        ]);
    }

    static (IReadOnlyList<string> Changed, string Text) Answers(ResultDocument baseline, ResultDocument current)
    {
        if (baseline.Data["answers"] is not JsonObject before || current.Data["answers"] is not JsonObject after)
        {
            return ([], "Answers were not compared: the baseline holds none.");
        }

        if (baseline.Data["answerNoise"]?.ToJsonString() != current.Data["answerNoise"]?.ToJsonString())
        {
            return ([], "Answers were not compared: the two runs saw noise in different places.");
        }

        var both = before.Where(p => after.ContainsKey(p.Key)).ToArray();
        var changed = both.Where(p => (string?)p.Value != (string?)after[p.Key]).Select(p => p.Key).ToArray();
        return (changed, $"{both.Length} answers compared, {changed.Length} changed.");
    }

    /// <summary>Both sides of an A/A run are the same build, so all their rounds count.</summary>
    static double[] Rounds(Metric metric, ResultDocument result)
    {
        var field = metric switch { Metric.P50 => "p50Ms", Metric.P95 => "p95Ms", Metric.Capacity => "capacityPerSecond", _ => "cpuMsPerRequest" };
        return [.. ((JsonArray)result.Data["baseline"]!["rounds"]!).SelectMany(r => new[] { r!["before"]![field], r["after"]![field] }).Select(v => (double?)v ?? 0).Where(v => v > 0)];
    }

    static double Floor(Metric metric, ResultDocument result) => result.Noise["floorFactors"]?[metric.Name()] is { } factor ? Math.Log(Math.Max(1, (double)factor)) : 0;

    static double? Figure(ResultDocument result, string metric)
    {
        var side = result.Data["baseline"]!["before"]!;
        return metric switch
        {
            "capacity" => (double?)side["capacityPerSecond"],
            "cpu" => (double?)side["cpuMsPerRequest"],
            "failed" => (double?)side["failed"] + (double?)result.Data["baseline"]!["after"]!["failed"],
            _ => (double?)side[metric + "Ms"],
        };
    }

    static string Word(VerifyEnd end) => end switch { VerifyEnd.NotWorse => "passed", VerifyEnd.Undecided => "inconclusive", _ => "failed" };

    static ResultDocument Read(string json, string what)
    {
        var result = ResultDocument.Parse(json);
        return result.Kind == "tune" && result.Data["baseline"] is JsonObject trial && trial["rounds"] is JsonArray
            ? result
            : throw new InvalidDataException($"{what} holds no measured rounds; make it with 'fettle measure … --json FILE'");
    }

    sealed record MetricRow(Metric Metric, double Before, double Now, double Factor, string Verdict, string[] Cells);
}
