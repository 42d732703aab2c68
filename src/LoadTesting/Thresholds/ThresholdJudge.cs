namespace Fettle.LoadTesting.Thresholds;

/// <summary>What a threshold came to.</summary>
/// <param name="Threshold">The condition.</param>
/// <param name="Measured">The figure it was held against; NaN when nothing was measured.</param>
/// <param name="Baseline">The same figure of the baseline run; null when the condition is absolute.</param>
/// <param name="Passed">Whether it holds. A figure that was not measured does not pass.</param>
public sealed record ThresholdOutcome(Threshold Threshold, double Measured, double? Baseline, bool Passed);

/// <summary>What one group of requests measured, as far as thresholds ask.</summary>
sealed record MeasuredGroup(string Scenario, string Name, IReadOnlyDictionary<string, string> Tags, long Requests, long Failed, long ChecksFailed, long Dropped, LatencyHistogram Latency, LatencyHistogram ServiceTime, double Seconds);

/// <summary>Figures of the target's process over the run; NaN when it was not watched.</summary>
sealed record ProcessFigures(double CpuAverage, double CpuMax, double MemoryMaxMegabytes, double MemorySlopePerMinute)
{
    public static ProcessFigures Unknown { get; } = new(double.NaN, double.NaN, double.NaN, double.NaN);
}

/// <summary>Holds thresholds against measured groups.</summary>
static class ThresholdJudge
{
    public static ThresholdOutcome Judge(Threshold threshold, IReadOnlyList<MeasuredGroup> groups, ProcessFigures process, Func<Threshold, double?>? baseline = null)
    {
        var measured = Measure(threshold, groups, process);
        var reference = threshold.Relative ? baseline?.Invoke(threshold) : null;
        return new ThresholdOutcome(threshold, measured, reference, threshold.Holds(measured, reference));
    }

    public static double Measure(Threshold threshold, IReadOnlyList<MeasuredGroup> groups, ProcessFigures process)
    {
        if (threshold.Metric.StartsWith("process_", StringComparison.Ordinal))
        {
            return (threshold.Metric, threshold.Aggregate) switch
            {
                ("process_cpu", "avg") => process.CpuAverage,
                ("process_cpu", _) => process.CpuMax,
                (_, "max") => process.MemoryMaxMegabytes,
                _ => process.MemorySlopePerMinute,
            };
        }

        var selected = groups.Where(g => threshold.Tags.All(t => t.Key switch
        {
            "scenario" => g.Scenario == t.Value,
            "name" => g.Name == t.Value,
            _ => g.Tags.TryGetValue(t.Key, out var value) && value == t.Value,
        })).ToArray();
        var requests = selected.Sum(g => g.Requests);
        if (requests == 0)
        {
            return double.NaN;
        }

        var seconds = selected.Max(g => g.Seconds);
        return threshold.Metric switch
        {
            "http_req_duration" => Aggregate(threshold, Engine.ResultBuilder.Merge(selected.Select(g => g.Latency))),
            "http_req_service_time" => Aggregate(threshold, Engine.ResultBuilder.Merge(selected.Select(g => g.ServiceTime))),
            "http_req_failed" => Count(threshold, selected.Sum(g => g.Failed), requests),
            "http_reqs" => threshold.Aggregate == "count" ? requests : requests / seconds,
            "checks" => 1 - (double)selected.Sum(g => g.ChecksFailed) / requests,
            _ => threshold.Aggregate == "count" ? selected.Sum(g => g.Dropped) : selected.Sum(g => g.Dropped) / seconds,
        };
    }

    static double Count(Threshold threshold, long part, long whole) => threshold.Aggregate == "count" ? part : (double)part / whole;

    static double Aggregate(Threshold threshold, LatencyHistogram latency) => latency.Count == 0 ? double.NaN : threshold.Aggregate switch
    {
        "p" => latency.MillisecondsAt(threshold.Percentile),
        "avg" => latency.Mean.TotalMilliseconds,
        "min" => latency.Min.TotalMilliseconds,
        "med" => latency.MillisecondsAt(50),
        _ => latency.Max.TotalMilliseconds,
    };
}
