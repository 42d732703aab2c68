using Fettle.Databases;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>
/// Applies accepted advice (<c>database.ensure: FILE</c>) once the service answers: readiness does not wait for it, and its failure is a line in
/// the log, not the end of the service.
/// </summary>
internal sealed partial class EnsureDatabase(string file, IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<EnsureDatabase> logger) : BackgroundService
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (stoppingToken.IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (services.GetService<Database>() is not { } database)
            {
                LogRefused(logger, file, "no Fettle.Databases.Database is registered with the service");
                return;
            }

            await DatabaseEnsure.RunAsync(database, AcceptedAdvice.Read(file), Patience, outcome => LogOutcome(logger, outcome.Outcome == "failed" ? LogLevel.Error : LogLevel.Information, outcome.Id, outcome.Outcome, outcome.Detail), stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was begun is finished or removed at the next start.
        }
        catch (Exception e)
        {
            LogRefused(logger, file, e.Message);
        }
    }

    [LoggerMessage(EventId = 1, Message = "database.ensure: {Action} {Outcome} {Detail}")]
    static partial void LogOutcome(ILogger logger, LogLevel level, string action, string outcome, string detail);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "database.ensure: {File} is not applied: {Reason}")]
    static partial void LogRefused(ILogger logger, string file, string reason);
}
