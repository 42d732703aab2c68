using Fettle.Caching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>Warms the cache of a service.</summary>
public static partial class WarmingExtensions
{
    /// <summary>
    /// Runs the registered <see cref="CacheWarming"/> at the start, on the schedule, and when the service calls
    /// <see cref="WarmingSchedule.Notify"/> on the registered schedule.
    /// </summary>
    /// <param name="services">The service's parts.</param>
    /// <param name="options">When, what, and where the popular keys are kept.</param>
    /// <param name="readyWhenWarm">Whether the service is not ready before the first warming has ended. Default false.</param>
    public static IServiceCollection AddFettleWarming(this IServiceCollection services, WarmingScheduleOptions? options = null, bool readyWhenWarm = false)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton(provider =>
        {
            var logger = provider.GetRequiredService<ILogger<WarmingSchedule>>();
            var chosen = (options ?? new WarmingScheduleOptions()) with { };
            var told = chosen.Ended;
            chosen.Ended = (done, error) =>
            {
                Log(logger, error is null && done.Errors == 0 ? LogLevel.Information : LogLevel.Warning, done.Items, done.Elapsed.TotalSeconds, done.Bytes, done.Errors, error?.Message ?? done.FirstError ?? "none");
                told?.Invoke(done, error);
            };
            return new WarmingSchedule(provider.GetRequiredService<FettleCache>(), provider.GetRequiredService<CacheWarming>(), chosen);
        });
        services.AddHostedService<WarmingService>();
        if (readyWhenWarm)
        {
            services.AddSingleton<IReadinessCheck, WarmReadiness>();
        }

        return services;
    }

    [LoggerMessage(Message = "Warmed {Items} keys in {Seconds:F2} s, {Bytes} bytes, {Errors} errors; first error: {Error}")]
    static partial void Log(ILogger logger, LogLevel level, int items, double seconds, long bytes, int errors, string error);

    sealed class WarmingService(WarmingSchedule schedule) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => schedule.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => schedule.DisposeAsync().AsTask();
    }

    sealed class WarmReadiness(WarmingSchedule schedule) : IReadinessCheck
    {
        public string Name => "warming";

        public ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(schedule.IsWarm
            ? new ReadinessResult(ReadinessState.Ready, "warmed")
            : new ReadinessResult(ReadinessState.NotReady, "the first warming runs"));
    }
}
