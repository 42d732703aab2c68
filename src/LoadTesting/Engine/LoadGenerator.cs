using Fettle.LoadTesting.Engine;

namespace Fettle.LoadTesting;

/// <summary>
/// Loads an HTTP service and measures every request from its intended start (open model), so that a stalled service
/// cannot hide behind requests that were never sent (coordinated omission; Gil Tene, "How NOT to measure latency").
/// </summary>
/// <param name="time">Tells when the run began; null for the system's clock.</param>
public sealed class LoadGenerator(TimeProvider? time = null)
{
    /// <summary>Runs the plan. Cancelling ends the run at once and returns what was measured until then.</summary>
    /// <param name="plan">Where, how much, how long, with which requests.</param>
    /// <param name="progress">Told about twice a second, from a thread of the generator: return quickly.</param>
    /// <param name="cancellation">Ends the run early; <see cref="LoadResult.Interrupted"/> is then true.</param>
    /// <exception cref="InvalidOperationException">The host is neither loopback nor allowed by <see cref="LoadPlan.AllowedHosts"/>.</exception>
    /// <exception cref="IOException">The host name does not resolve, or the system refuses the event loop.</exception>
    public async Task<LoadResult> RunAsync(LoadPlan plan, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        var job = new EngineJob
        {
            Name = "main",
            BaseUrl = plan.BaseUrl,
            Model = plan.Model,
            Source = plan.Source,
            WarmUp = plan.WarmUp,
            Duration = plan.Duration,
            Timeout = plan.Timeout,
            MaxConnections = plan.MaxConnections,
            MaxResponseBytes = plan.MaxResponseBytes,
            KeepAlive = plan.KeepAlive,
        };
        var options = new EngineOptions
        {
            Threads = plan.Threads,
            AllowedHosts = plan.AllowedHosts,
            Protocol = plan.Protocol,
            TrustAnyCertificate = plan.TrustAnyCertificate,
            FrameworkClient = plan.FrameworkClient,
        };
        var results = await EngineRun.RunAsync([job], options, progress, null, time ?? TimeProvider.System, cancellation);
        return results[0];
    }
}
