using System.Runtime.ExceptionServices;

namespace Fettle.LoadTesting.Scaling;

/// <summary>
/// Runs instances of a service behind a real nginx while load goes through it, and scales them by their processor use.
/// <list type="number">
/// <item>The fewest instances are started; nginx starts when they are ready, the load when nginx does.</item>
/// <item>Each sample goes to the <see cref="ScalingRule"/>; an addition starts a process and takes it into nginx when it answers its probe.</item>
/// <item>A removal takes the youngest out of nginx, waits until the old workers have answered what they had, and only then ends the process.</item>
/// <item>An instance that ends by itself, or fails its probes, leaves nginx at once and is replaced.</item>
/// </list>
/// Needs Linux and nginx.
/// </summary>
/// <param name="time">The system's clock; null for the real one.</param>
public sealed class ScaleRunner(TimeProvider? time = null)
{
    readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Scales until the load has ended.</summary>
    /// <param name="options">Command, limits and rule.</param>
    /// <param name="load">Loads the given address; ends by itself.</param>
    /// <param name="progress">Told of every event; null for none.</param>
    /// <param name="cancellation">Ends the load; instances and nginx are stopped in any case.</param>
    /// <exception cref="IOException">nginx is missing, or instances do not start.</exception>
    public async Task<ScalingRecord> RunAsync(ScaleOptions options, Func<Uri, CancellationToken, Task> load, IProgress<ScalingEvent>? progress = null, CancellationToken cancellation = default)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("scaling instances needs Linux: it reads /proc and stops processes that use more than their share");
        }

        var folder = Directory.CreateTempSubdirectory("fettle-scale-").FullName;
        try
        {
            await using var fleet = new InstanceFleet(options with { }, folder, _time, progress);
            await fleet.StartAsync(cancellation);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var loading = load(fleet.Url, ending.Token);
            var failure = await ScaleAsync(fleet, options, loading, ending);
            await loading; // Its own exception comes first.
            failure?.Throw();
            return await fleet.FinishAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Ticks until the load has ended; a failure of the scaling ends the load.</summary>
    async Task<ExceptionDispatchInfo?> ScaleAsync(InstanceFleet fleet, ScaleOptions options, Task loading, CancellationTokenSource ending)
    {
        var rule = new ScalingRule(options.Rule);
        try
        {
            while (!loading.IsCompleted)
            {
                await Task.WhenAny(loading, Task.Delay(options.SampleEvery, _time, ending.Token));
                if (!loading.IsCompleted && !ending.IsCancellationRequested)
                {
                    await fleet.TickAsync(rule, ending.Token);
                }
                else if (ending.IsCancellationRequested)
                {
                    await Task.WhenAny(loading);
                }
            }

            return null;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            await ending.CancelAsync();
            return ExceptionDispatchInfo.Capture(e);
        }
    }
}
