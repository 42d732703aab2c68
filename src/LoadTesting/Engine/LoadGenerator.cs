using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting;

/// <summary>
/// Loads an HTTP/1.1 service and measures every request from its intended start (open model), so that a stalled service
/// cannot hide behind requests that were never sent (coordinated omission; Gil Tene, "How NOT to measure latency").
/// </summary>
/// <param name="time">Tells when the run began; null for the system's clock.</param>
public sealed class LoadGenerator(TimeProvider? time = null)
{
    static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(10);
    static readonly long PublishEvery = MonotonicClock.From(TimeSpan.FromMilliseconds(500));

    /// <summary>Runs the plan. Cancelling ends the run at once and returns what was measured until then.</summary>
    /// <param name="plan">Where, how much, how long, with which requests.</param>
    /// <param name="progress">Told about twice a second, from a thread of the generator: return quickly.</param>
    /// <param name="cancellation">Ends the run early; <see cref="LoadResult.Interrupted"/> is then true.</param>
    /// <exception cref="InvalidOperationException">The host is neither loopback nor allowed by <see cref="LoadPlan.AllowedHosts"/>.</exception>
    /// <exception cref="IOException">The host name does not resolve, or the system refuses the event loop.</exception>
    public async Task<LoadResult> RunAsync(LoadPlan plan, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        var endPoint = await TargetHost.ResolveAsync(plan.BaseUrl, plan.AllowedHosts, cancellation);
        var startedAt = (time ?? TimeProvider.System).GetUtcNow();
        var shares = plan.Threads;
        var start = MonotonicClock.Nanoseconds + MonotonicClock.From(Lead);
        var countFrom = start + MonotonicClock.From(plan.WarmUp);
        var end = countFrom + MonotonicClock.From(plan.Duration);
        var target = TargetHost.Wire(plan.BaseUrl, plan.KeepAlive);
        var source = shares > 1 ? new SharedSource(plan.Source) : plan.Source;
        var collector = new BlockCollector(shares);
        var meter = new ProgressMeter(shares, start, countFrom, progress);
        var capacity = plan.Model is UserModel users ? Math.Max(plan.MaxConnections, (int)users.Stages.Max(s => Math.Max(s.From, s.To))) : plan.MaxConnections;
        var timeout = MonotonicClock.From(plan.Timeout);
        var loops = Enumerable.Range(0, shares).Select(share => new EngineLoop(
            [
                new Workload
                {
                    Name = "main",
                    Model = plan.Model,
                    Pool = new ConnectionPool(target, endPoint, Math.Max(1, (capacity + shares - 1 - share) / shares)) { MaxBodyBytes = plan.MaxResponseBytes },
                    Recorder = new Recorder(countFrom, end, new BlockRecorder(collector, timeout)),
                    Source = source,
                    Timeout = timeout,
                    Start = start,
                    End = end,
                    Share = share,
                    Shares = shares,
                },
            ], PublishEvery, (loop, now) => meter.Publish(share, loop, now))).ToArray();
        try
        {
            var ended = await LoopThreads.RunAsync(loops, cancellation);
            return ResultBuilder.Build([.. loops.Select(l => l.Workloads[0].Recorder)], loops, collector, new RunTimes(startedAt, countFrom, end, ended, cancellation.IsCancellationRequested), plan.Model);
        }
        finally
        {
            foreach (var loop in loops)
            {
                loop.Dispose();
            }
        }
    }
}
