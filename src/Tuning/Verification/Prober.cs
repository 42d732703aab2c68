using Fettle.LoadTesting;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Verification;

/// <summary>What one side did in one round.</summary>
/// <param name="Latency">From the intended start, at the open load.</param>
/// <param name="Requests">Requests of the open load, errors included.</param>
/// <param name="Failed">How many of them failed, the closed load's included.</param>
/// <param name="Capacity">Completed requests per second under the closed load.</param>
/// <param name="CpuMs">CPU milliseconds per request of both loads; NaN where it cannot be read.</param>
/// <param name="GeneratorLimited">The generator, not the service, shaped the latencies.</param>
/// <param name="Bytes">Bytes on the wire per request.</param>
/// <param name="FirstError">The first error seen, or null.</param>
/// <param name="ClosedRequests">Requests of the closed load.</param>
internal sealed record SideRound(LatencyHistogram Latency, long Requests, long Failed, double Capacity, double CpuMs, bool GeneratorLimited, double Bytes, string? FirstError, long ClosedRequests = 0);

/// <summary>How hard and how long a round loads a side.</summary>
/// <param name="Rate">Arrivals per second of the open load.</param>
/// <param name="Open">Length of the open load.</param>
/// <param name="Users">Users of the closed load.</param>
/// <param name="Closed">Length of the closed load.</param>
internal sealed record RoundShape(double Rate, TimeSpan Open, int Users, TimeSpan Closed)
{
    public TimeSpan BothSides => 2 * (Open + Closed);
}

/// <summary>Loads one instance at a time. Both sides of a round get the same seed, so they get the same requests in the same order.</summary>
internal sealed class Prober(Func<int, IRequestSource> workload, IReadOnlyList<string> allowedHosts)
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public async Task<SideRound> RoundAsync(ServiceInstance instance, RoundShape shape, int seed, CancellationToken cancellation)
    {
        var before = instance.Pid is { } pid ? ProcessCpu.Read(pid) : null;
        var open = await RunAsync(instance, LoadModel.Rate(shape.Rate), shape.Open, seed, cancellation);
        var closed = await RunAsync(instance, LoadModel.Users(shape.Users), shape.Closed, seed + 500_000, cancellation);
        var after = instance.Pid is { } same ? ProcessCpu.Read(same) : null;

        // Over both loads: at half a request a second what a service does beside its requests would count as theirs.
        var answered = Math.Max(1, open.Requests - open.Failed + closed.Requests - closed.Failed);
        return new SideRound(
            open.Latency, open.Requests, open.Failed + closed.Failed, CapacityOf(closed, shape.Users), ProcessCpu.Milliseconds(before, after) / answered,
            open.Generator.Limited, open.Requests == 0 ? 0 : (double)open.BytesReceived / open.Requests,
            (open.ErrorSamples.FirstOrDefault() ?? closed.ErrorSamples.FirstOrDefault()) is { } error ? $"{error.Class} on {error.Request}: {error.Detail}" : null,
            closed.Requests);
    }

    /// <summary>The same with traffic of its own.</summary>
    public Task WarmAsync(ServiceInstance instance, Func<int, IRequestSource> traffic, int users, TimeSpan duration, int seed, CancellationToken cancellation) =>
        RunAsync(instance, LoadModel.Users(users), duration, traffic(seed), cancellation);

    /// <summary>An open load of a given rate, and nothing else.</summary>
    public Task<LoadResult> SustainAsync(ServiceInstance instance, double rate, TimeSpan duration, int seed, CancellationToken cancellation) =>
        RunAsync(instance, LoadModel.Rate(rate), duration, seed, cancellation);

    /// <summary>Milliseconds that a request which no action touches takes by the median: the machine's own drift.</summary>
    public async Task<double> ControlAsync(ServiceInstance instance, string path, TimeSpan duration, CancellationToken cancellation)
    {
        var result = await RunAsync(instance, LoadModel.Users(1), duration, new RequestCycle([LoadRequest.Get(path, "control")]), cancellation);
        return result.Requests == result.Failed ? double.NaN : result.Latency.MillisecondsAt(50);
    }

    /// <summary>Requests per second that a number of users get done, over the time.</summary>
    public async Task<double> CapacityAsync(ServiceInstance instance, int users, TimeSpan duration, int seed, CancellationToken cancellation) =>
        CapacityOf(await RunAsync(instance, LoadModel.Users(users), duration, seed, cancellation), users);

    /// <summary>Load that nothing is measured of: compilers, caches and pools get to where they will be.</summary>
    public Task WarmAsync(ServiceInstance instance, int users, TimeSpan duration, int seed, CancellationToken cancellation) =>
        RunAsync(instance, LoadModel.Users(users), duration, seed, cancellation);

    /// <summary>
    /// Users divided by the mean time that one of them waits (Little's law). Counting answers would cut short rounds of slow requests at
    /// their nominal end and flatter the slow side.
    /// </summary>
    static double CapacityOf(LoadResult result, int users) =>
        result.Requests == result.Failed || result.Latency.Mean <= TimeSpan.Zero ? 0 : users / result.Latency.Mean.TotalSeconds;

    Task<LoadResult> RunAsync(ServiceInstance instance, LoadModel model, TimeSpan duration, int seed, CancellationToken cancellation) =>
        RunAsync(instance, model, duration, workload(seed), cancellation);

    async Task<LoadResult> RunAsync(ServiceInstance instance, LoadModel model, TimeSpan duration, IRequestSource source, CancellationToken cancellation)
    {
        var plan = new LoadPlan
        {
            BaseUrl = instance.Url,
            Model = model,
            Source = source,
            Duration = duration,
            Timeout = Timeout,
            AllowedHosts = allowedHosts,
        };
        var result = await new LoadGenerator().RunAsync(plan, null, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return result;
    }
}
