using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine;

/// <summary>What a scenario measured until now, copied so that another thread may read it.</summary>
sealed record LiveCounts(string Scenario, double Seconds, long Requests, long Failed, long Dropped, LatencyHistogram Latency, LatencyHistogram ServiceTime, IReadOnlyList<RequestResult> ByRequest);

/// <summary>Collects copies of what the loops measured, lets the watcher look, and stops the loops when it says so.</summary>
sealed class LiveBoard(int threads, IReadOnlyList<EngineJob> jobs, Func<IReadOnlyList<LiveCounts>, bool> watch)
{
    readonly Lock _lock = new();
    readonly LiveCounts[][] _latest = new LiveCounts[threads][];
    IReadOnlyList<ILoadLoop> _loops = [];

    /// <summary>The watcher ended the run.</summary>
    public bool Stopped { get; private set; }

    public void Attach(IReadOnlyList<ILoadLoop> loops) => _loops = loops;

    /// <summary>Called on the loop's thread.</summary>
    public void Publish(int thread, ILoadLoop loop, long sinceStart)
    {
        LiveCounts[] copies = [.. loop.Workloads.Select((w, i) => Copy(w, Math.Max(0, sinceStart / 1e9 - (jobs[i].StartAfter + jobs[i].WarmUp).TotalSeconds)))];
        lock (_lock)
        {
            _latest[thread] = copies;
            if (Stopped || _latest.Any(l => l is null))
            {
                return;
            }

            if (watch([.. Enumerable.Range(0, jobs.Count).Select(i => Merge([.. _latest.Select(l => l[i])]))]))
            {
                Stopped = true;
                foreach (var other in _loops)
                {
                    other.Stop();
                }
            }
        }
    }

    static LiveCounts Copy(Workload workload, double seconds)
    {
        var recorder = workload.Recorder;
        return new LiveCounts(workload.Name, seconds, recorder.Requests, recorder.Failed, recorder.Dropped,
            ResultBuilder.Merge([recorder.Latency]), ResultBuilder.Merge([recorder.ServiceTime]),
            [.. recorder.ByName.Values.Select(c => new RequestResult(c.Name, c.Requests, c.Failed, ResultBuilder.Merge([c.Latency]), ResultBuilder.Merge([c.ServiceTime])))]);
    }

    static LiveCounts Merge(LiveCounts[] parts) => parts is [var one] ? one : new LiveCounts(
        parts[0].Scenario, parts.Max(p => p.Seconds), parts.Sum(p => p.Requests), parts.Sum(p => p.Failed), parts.Sum(p => p.Dropped),
        ResultBuilder.Merge(parts.Select(p => p.Latency)), ResultBuilder.Merge(parts.Select(p => p.ServiceTime)),
        [.. parts.SelectMany(p => p.ByRequest).GroupBy(r => r.Name).Select(g => new RequestResult(g.Key, g.Sum(r => r.Requests), g.Sum(r => r.Failed),
            ResultBuilder.Merge(g.Select(r => r.Latency)), ResultBuilder.Merge(g.Select(r => r.ServiceTime))))]);
}
