using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine;

/// <summary>The moments of a run.</summary>
sealed record RunTimes(DateTimeOffset StartedAt, long Began, long CountFrom, long PlannedEnd, long Ended, bool Interrupted);

/// <summary>Merges what the loops recorded into one result.</summary>
static class ResultBuilder
{
    public static LoadResult Build(IReadOnlyList<Recorder> recorders, IReadOnlyList<ILoadLoop> loops, BlockCollector blocks, RunTimes times, LoadModel model)
    {
        foreach (var recorder in recorders)
        {
            recorder.Finish(times.Ended);
        }

        // The threads' times cover the warm-up too, so they are held against the whole run.
        var watch = Watch(recorders, loops, Math.Max(1e-9, (times.Ended - times.Began) / 1e9));
        return new LoadResult
        {
            StartedAt = times.StartedAt,
            Seconds = Counted(recorders, times, model),
            Requests = recorders.Sum(r => r.Requests),
            Failed = recorders.Sum(r => r.Failed),
            Errors = recorders.SelectMany(r => r.Errors).GroupBy(e => e.Key).OrderByDescending(g => g.Sum(e => e.Value)).ToDictionary(g => g.Key, g => g.Sum(e => e.Value)),
            ErrorSamples = [.. recorders.SelectMany(r => r.Samples).OrderBy(s => s.AtSeconds)],
            Latency = Merge(recorders.Select(r => r.Latency)),
            ServiceTime = Merge(recorders.Select(r => r.ServiceTime)),
            SendLag = Merge(recorders.Select(r => r.SendLag)),
            ByRequest = [.. recorders.SelectMany(r => r.ByName.Values).GroupBy(c => c.Name).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => new RequestResult(g.Key, g.Sum(c => c.Requests), g.Sum(c => c.Failed), Merge(g.Select(c => c.Latency)), Merge(g.Select(c => c.ServiceTime))))],
            Blocks = blocks.Finish(),
            Late = recorders.Sum(r => r.Late),
            Dropped = recorders.Sum(r => r.Dropped),
            Retried = recorders.Sum(r => r.Retried),
            ConnectionsOpened = loops.Sum(l => l.ConnectionsOpened),
            BytesReceived = recorders.Sum(r => r.BytesReceived),
            Generator = watch,
            Interrupted = times.Interrupted,
        };
    }

    public static LatencyHistogram Merge(IEnumerable<LatencyHistogram> histograms)
    {
        var merged = new LatencyHistogram();
        foreach (var histogram in histograms)
        {
            merged.Add(histogram);
        }

        return merged;
    }

    /// <summary>The counted time: until the planned end, the interruption, or the last answer of a run that is limited by requests.</summary>
    static double Counted(IReadOnlyList<Recorder> recorders, RunTimes times, LoadModel model)
    {
        // An open model's last arrival lies before the end of its time; the time counts whole.
        var end = times.Interrupted ? Math.Min(times.Ended, times.PlannedEnd) : times.PlannedEnd;
        if (model is UserModel { Requests: not null } && recorders.Max(r => r.LastEnd) is > 0 and var last)
        {
            end = Math.Min(end, last);
        }

        return Math.Max(0, (end - times.CountFrom) / 1e9);
    }

    static GeneratorWatch Watch(IReadOnlyList<Recorder> recorders, IReadOnlyList<ILoadLoop> loops, double seconds)
    {
        var threads = loops.Select(l => l.Times).Aggregate((a, b) => a + b);
        var lag = Merge(recorders.Select(r => r.DispatchLag));
        var (limited, reason) = GeneratorVerdict.Of(lag, Merge(recorders.Select(r => r.Latency)), threads, seconds * loops.Count);
        return new GeneratorWatch(threads.Cpu, threads.RunQueue, lag, limited, reason);
    }
}
