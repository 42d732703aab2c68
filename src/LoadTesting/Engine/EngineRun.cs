using System.Net;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Loop;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine;

/// <summary>Carries out jobs side by side on common loops and returns one result for each, in their order.</summary>
static class EngineRun
{
    /// <summary>What a connection of HTTP/2 carries at once at most; servers allow 100 or more.</summary>
    const int Streams = 100;

    static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(10);
    static readonly long PublishEvery = MonotonicClock.From(TimeSpan.FromMilliseconds(500));

    /// <param name="jobs">At least one.</param>
    /// <param name="options">Threads, hosts, protocol.</param>
    /// <param name="progress">Told twice a second on a loop's thread.</param>
    /// <param name="watch">Looks at what was measured so far, twice a second, and returns true to end the run; null for none.</param>
    /// <param name="time">The system's clock.</param>
    /// <param name="cancellation">Ends the run at once.</param>
    public static async Task<IReadOnlyList<LoadResult>> RunAsync(
        IReadOnlyList<EngineJob> jobs, EngineOptions options, IProgress<LoadProgress>? progress, Func<IReadOnlyList<LiveCounts>, bool>? watch, TimeProvider time, CancellationToken cancellation)
    {
        var endPoints = new Dictionary<Uri, IPEndPoint>();
        foreach (var url in jobs.Select(j => j.BaseUrl).Distinct())
        {
            endPoints[url] = await TargetHost.ResolveAsync(url, options.AllowedHosts, cancellation);
        }

        var own = OperatingSystem.IsLinux() && !options.FrameworkClient && (OpenSsl.Available || jobs.All(j => j.BaseUrl.Scheme == "http"));
        using var tls = own && jobs.Any(j => j.BaseUrl.Scheme == "https") ? new TlsContext(options.Protocol, options.TrustAnyCertificate) : null;
        var startedAt = time.GetUtcNow();
        var wait = options.BeginAt is { } begin && begin > startedAt ? begin - startedAt : Lead;
        var start = MonotonicClock.Nanoseconds + MonotonicClock.From(wait);
        var scheduled = jobs.Select(j => new ScheduledJob(j, start, options.Threads)).ToArray();
        var meter = new ProgressMeter(options.Threads, start, scheduled.Min(s => s.CountFrom), progress);
        var live = watch is null ? null : new LiveBoard(options.Threads, jobs, watch);
        var loops = Enumerable.Range(0, options.Threads).Select(thread => Loop(scheduled, endPoints, thread, options, own, tls, (loop, now) =>
        {
            meter.Publish(thread, loop, now);
            live?.Publish(thread, loop, now - start);
        })).ToArray();
        live?.Attach(loops);
        try
        {
            var ended = await LoopThreads.RunAsync(loops, cancellation);
            var stopped = cancellation.IsCancellationRequested || live?.Stopped == true;
            return [.. scheduled.Select((s, i) => ResultBuilder.Build(
                [.. loops.Select(l => l.Workloads[i].Recorder)], loops, s.Collector, new RunTimes(startedAt, start, s.CountFrom, s.End, ended, stopped), s.Job.Model))];
        }
        finally
        {
            foreach (var loop in loops)
            {
                loop.Dispose();
            }
        }
    }

    static ILoadLoop Loop(ScheduledJob[] jobs, Dictionary<Uri, IPEndPoint> endPoints, int thread, EngineOptions options, bool own, TlsContext? tls, Action<ILoadLoop, long> publish)
    {
        var pools = jobs.Select(j => j.Job).GroupBy(j => (j.BaseUrl, j.KeepAlive)).ToDictionary(g => g.Key, g => new ConnectionPool(
            TargetHost.Wire(g.Key.BaseUrl, g.Key.KeepAlive), endPoints[g.Key.BaseUrl], Share(Math.Max(g.Max(j => j.MaxConnections), g.Sum(Users)), thread, options.Threads))
        {
            MaxBodyBytes = g.Max(j => j.MaxResponseBytes),
            Tls = g.Key.BaseUrl.Scheme == "https" ? tls : null,
            Host = g.Key.BaseUrl.IdnHost.Trim('[', ']'),
            Http2 = options.Protocol == HttpProtocol.Http2,
            Streams = options.Protocol == HttpProtocol.Http2 && g.Key.KeepAlive && g.All(j => j.Model is not UserModel) ? Streams : 1,
        });
        var shares = options.Threads * options.Share.Count;
        Workload[] workloads = [.. jobs.Select(s => new Workload
        {
            Name = s.Job.Name,
            Model = s.Job.Model,
            Pool = pools[(s.Job.BaseUrl, s.Job.KeepAlive)],
            Recorder = new Recorder(s.CountFrom, s.End, new BlockRecorder(s.Collector, MonotonicClock.From(s.Job.Timeout))),
            Source = s.Job.Recorded is { } recorded ? new RequestSlice(recorded, options.Share.Index * options.Threads + thread, shares) : s.Source,
            Flows = s.Job.Flows,
            Timeout = MonotonicClock.From(s.Job.Timeout),
            Start = s.Start,
            End = s.End,
            Share = options.Share.Index * options.Threads + thread,
            Shares = shares,
        })];
        return own
            ? new EngineLoop(workloads, PublishEvery, publish)
            : new ClientLoop(workloads, [.. jobs.Select(j => j.Job)], options, PublishEvery, publish);
    }

    static int Share(int whole, int share, int shares) => Math.Max(1, (whole + shares - 1 - share) / shares);

    static int Users(EngineJob job) => job.Model is UserModel users ? (int)users.Stages.Max(s => Math.Max(s.From, s.To)) : 0;
}

/// <summary>A job on the loop's clock.</summary>
sealed class ScheduledJob(EngineJob job, long begin, int threads)
{
    public EngineJob Job { get; } = job;

    public long Start { get; } = begin + MonotonicClock.From(job.StartAfter);

    public long CountFrom { get; } = begin + MonotonicClock.From(job.StartAfter + job.WarmUp);

    public long End { get; } = begin + MonotonicClock.From(job.StartAfter + job.WarmUp + job.Duration);

    public BlockCollector Collector { get; } = new(threads);

    public IRequestSource? Source { get; } = job.Source is { } source && threads > 1 ? new SharedSource(source) : job.Source;
}
