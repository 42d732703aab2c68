using Fettle.Databases;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>Maintains the service's database on the schedule <c>database.maintenance: CRON</c>, never at peak, and logs what it gained.</summary>
internal sealed partial class MaintainDatabase(CronSchedule schedule, IServiceProvider services, TimeProvider time, ILogger<MaintainDatabase> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (services.GetService<Database>() is not { } database)
        {
            LogFailed(logger, "no Fettle.Databases.Database is registered with the service");
            return;
        }

        try
        {
            await new MaintenanceScheduler(database, schedule, time).RunAsync(Report, stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service ends.
        }
    }

    void Report(IReadOnlyList<MaintenanceStep> steps, Exception? error)
    {
        foreach (var step in steps)
        {
            LogStep(logger, step.Step, step.Milliseconds, step.BytesBefore - step.BytesAfter);
        }

        if (error is not null)
        {
            LogFailed(logger, error.Message);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "database.maintenance: {Step} took {Milliseconds} ms and freed {Bytes} bytes")]
    static partial void LogStep(ILogger logger, string step, double milliseconds, long bytes);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "database.maintenance: {Reason}")]
    static partial void LogFailed(ILogger logger, string reason);
}
