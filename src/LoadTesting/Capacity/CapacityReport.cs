using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Reports;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Capacity;

/// <summary>A plan with its curve, its policies and, when it was made, the check of its prediction, as a <c>fettle.result/1</c> document (kind <c>capacity</c>).</summary>
public sealed class CapacityReport
{
    readonly ResultDocument _document;

    CapacityReport(ResultDocument document) => _document = document;

    /// <summary>Writes everything down.</summary>
    /// <param name="points">What was measured.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="trials">The plan and its policies.</param>
    /// <param name="resource">What limited the run with the most throughput, as its report has it; null when nothing was named.</param>
    /// <param name="check">The run at the knee; null when there was none.</param>
    /// <param name="command">The command line.</param>
    /// <param name="time">The system's clock; null for the real one.</param>
    public static CapacityReport Of(
        IReadOnlyList<(double Concurrency, double Throughput)> points, CapacityRequest request, PolicyTrials trials, string? resource, CapacityCheck? check, IReadOnlyList<string> command, TimeProvider? time = null)
    {
        var (plan, law) = (trials.Plan, trials.Plan.Law);
        var document = new ResultDocument
        {
            Kind = "capacity",
            Name = request.Service,
            StartedAt = (time ?? TimeProvider.System).GetUtcNow(),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(Environment.CurrentDirectory),
            Command = [.. command],
        };
        document.Settings["peak"] = request.PeakRate;
        document.Settings["targetCpu"] = request.TargetCpu;
        document.Noise["loadAverage"] = RunEnvironment.LoadAverage();
        var (low, high) = law.Interval(points, plan.Knee);
        document.Tables.Add(new ResultTable("Plan", ["figure", "value"],
        [
            ["law", string.Create(CultureInfo.InvariantCulture, $"λ {law.Lambda:0.###}/s  σ {law.Sigma:0.######}  κ {law.Kappa:0.########}  from {points.Count} runs")],
            ["knee", string.Create(CultureInfo.InvariantCulture, $"{law.ThroughputAt(plan.Knee):0.#}/s at {plan.Knee:0} at once; 95 % interval {low:0.#} to {high:0.#}/s")],
            ["limit", plan.Limit],
            ["resource", resource ?? "none was named by the runs"],
            ["per instance", string.Create(CultureInfo.InvariantCulture, $"{plan.RatePerInstance:0.#}/s at {request.TargetCpu:P0} of its peak, p95 about {plan.P95Milliseconds:0.#} ms")],
            ["instances", string.Create(CultureInfo.InvariantCulture, $"{plan.Instances} for {request.PeakRate:0.#}/s; scale between {plan.MinInstances} and {plan.MaxInstances}")],
            ["connections", $"{plan.Connections.ToString(CultureInfo.InvariantCulture)} to the database per instance"],
            ["cool-downs", $"{plan.ScaleOutCooldown.ToString(CultureInfo.InvariantCulture)} s out, {plan.ScaleInCooldown.ToString(CultureInfo.InvariantCulture)} s in"],
        ]));
        document.Tables.Add(new ResultTable("Curve of one instance", ["requests at once", "measured/s", "law/s", "difference %"],
            [.. points.OrderBy(p => p.Concurrency).Select(p => new[] { N(p.Concurrency), N(p.Throughput), N(law.ThroughputAt(p.Concurrency)), N(100 * (p.Throughput / law.ThroughputAt(p.Concurrency) - 1)) })]));
        document.Tables.Add(Instances(points, request, plan));
        if (check is not null)
        {
            document.Tables.Add(new ResultTable("Prediction checked at the knee", ["figure", "predicted", "95 % of one more run", "measured", "95 % of its mean"],
            [
                [$"good answers/s, {check.Users.ToString(CultureInfo.InvariantCulture)} users", N(check.Predicted), $"{N(check.PredictedLow)} to {N(check.PredictedHigh)}", N(check.Measured), $"{N(check.MeasuredLow)} to {N(check.MeasuredHigh)}"],
                ["mean latency ms", N(check.PredictedMeanMilliseconds), "", N(check.MeasuredMeanMilliseconds), ""],
            ], $"difference {N(100 * (check.Measured / check.Predicted - 1))} %: {(check.Agrees ? "the intervals overlap" : "the intervals do not overlap")}"));
            document.Verdicts.Add(new ResultVerdict("prediction", check.Agrees ? "passed" : "failed", $"predicted {N(check.Predicted)}/s, measured {N(check.Measured)}/s"));
        }

        document.Tables.Add(new ResultTable("Policies on the measured curve (simulated)", ["policy", "load", "changes", "reversals", "overloaded s", "most instances", "at the end", "instance hours"],
            [.. trials.Trials.Select(t => new[] { t.Policy, t.Load, N(t.Outcome.Changes), N(t.Outcome.Reversals), N(t.Outcome.OverloadedSeconds), N(t.Outcome.MostInstances), N(t.Outcome.LastInstances), N(Math.Round(t.Outcome.InstanceHours)) })],
            trials.Refused.Count == 0 ? "No policy flaps." : $"Not recommended, since it flaps whatever the cool-down: {string.Join(", ", trials.Refused)}."));
        document.Data["points"] = new JsonArray([.. points.Select(p => (JsonNode)new JsonArray(p.Concurrency, p.Throughput))]);
        document.Data["law"] = new JsonArray(law.Lambda, law.Sigma, law.Kappa);
        document.Data["knee"] = plan.Knee;
        document.Data["check"] = check is null ? null : new JsonArray(check.Users, check.Measured);
        document.Data["refused"] = new JsonArray([.. trials.Refused.Select(r => (JsonNode)r)]);
        // Through the text, so that what is rendered is what a file would hold.
        return new CapacityReport(ResultDocument.Parse(document.ToJson()));
    }

    /// <summary>Reads a saved report.</summary>
    /// <exception cref="InvalidDataException">The file is not a capacity report of this version.</exception>
    public static CapacityReport Load(string path)
    {
        var document = ResultDocument.Parse(File.ReadAllText(path));
        return document.Kind == "capacity" ? new CapacityReport(document) : throw new InvalidDataException($"'{path}' is a result of kind '{document.Kind}'; a capacity report is needed");
    }

    /// <summary>Writes the JSON document.</summary>
    public void Save(string path) => _document.Save(path);

    /// <summary>Plain text.</summary>
    public string ToText() => TextReport.Tables(_document);

    /// <summary>One HTML page without references to anything outside it.</summary>
    public string ToHtml()
    {
        var points = _document.Data["points"]!.AsArray().Select(p => ((double)p![0]!, (double)p[1]!)).ToArray();
        var law = new ScalabilityLaw((double)_document.Data["law"]![0]!, (double)_document.Data["law"]![1]!, (double)_document.Data["law"]![2]!);
        var check = _document.Data["check"] is JsonArray c ? ((double, double)?)((double)c[0]!, (double)c[1]!) : null;
        return HtmlReport.Page(_document, $"Capacity: {_document.Name}", SvgCharts.Curve(law, points, (double)_document.Data["knee"]!, check));
    }

    /// <summary>What so many instances do at the peak; the interval of the capacity goes through the queue to the latency.</summary>
    static ResultTable Instances(IReadOnlyList<(double Concurrency, double Throughput)> points, CapacityRequest request, CapacityPlan plan)
    {
        var (low, high) = plan.Law.Interval(points, plan.Knee);
        // As many servers in each: the interval is that of their rate.
        var (worse, better) = (Queue(Math.Min(low, plan.Capacity)), Queue(Math.Max(high, plan.Capacity)));
        QueueModel Queue(double capacity) => plan.Queue with { ServiceRate = capacity / plan.Queue.Servers };
        return new ResultTable($"Instances at {N(request.PeakRate)}/s", ["instances", "they carry/s", "95 % interval", "use %", "mean ms", "95 % interval", "p95 ms", "95 % interval"],
            [.. Enumerable.Range(plan.MinInstances, Math.Min(20, plan.MaxInstances - plan.MinInstances + 1)).Select(n =>
            {
                var rate = request.PeakRate / n;
                return new[]
                {
                    N(n), N(n * plan.Capacity), $"{N(n * worse.Capacity)} to {N(n * better.Capacity)}", N(100 * rate / plan.Capacity),
                    Ms(plan.Queue.Mean(rate)), $"{Ms(better.Mean(rate))} to {Ms(worse.Mean(rate))}",
                    Ms(plan.Queue.Percentile(rate, 95)), $"{Ms(better.Percentile(rate, 95))} to {Ms(worse.Percentile(rate, 95))}",
                };
            })],
            $"Latency of independent arrivals at an instance that is a queue with {plan.Queue.Servers.ToString(CultureInfo.InvariantCulture)} servers (Erlang C); ∞ where the instances do not suffice.");

        static string Ms(double seconds) => double.IsInfinity(seconds) ? "∞" : N(1000 * seconds);
    }

    static string N(double value) => ReportWriter.Text(value);
}
