using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Ends a run when a threshold with abortOnFail is broken after its delay.</summary>
sealed class AbortWatch(ScenarioFile file)
{
    const long LeastRequests = 20;

    readonly Threshold[] _watched = [.. file.Thresholds.Where(t => t.AbortOnFail && !t.Relative)];

    public bool Any => _watched.Length > 0;

    /// <summary>The threshold that ended the run.</summary>
    public string? Broken { get; private set; }

    public bool Look(IReadOnlyList<LiveCounts> live)
    {
        var groups = live.Zip(file.Scenarios).SelectMany(p => p.First.ByRequest.Select(r => new MeasuredGroup(
            p.First.Scenario, r.Name, MeasuredGroups.Tags(p.Second, r.Name), r.Requests, r.Failed, 0, 0, r.Latency, r.ServiceTime, p.First.Seconds))).ToArray();
        var seconds = live.Max(l => l.Seconds);
        foreach (var threshold in _watched)
        {
            // A handful of requests decides nothing; a rate of requests needs time instead.
            if (seconds >= Math.Max(1, threshold.DelayAbort.TotalSeconds) && groups.Sum(g => g.Requests) >= LeastRequests
                && ThresholdJudge.Judge(threshold, groups, ProcessFigures.Unknown) is { Passed: false, Measured: not double.NaN } outcome)
            {
                Broken = $"{threshold.Subject}: {threshold.Expression} (measured {outcome.Measured:0.###} after {seconds:0.0} s)";
                return true;
            }
        }

        return false;
    }
}
