using System.Collections.Concurrent;
using System.Threading.Channels;
using Fettle.Services.Stocks.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Stocks.BatchRuns;

/// <summary>Runs batch runs of the service one after another, in the background of the requests.</summary>
internal sealed partial class BatchRunWorker(BatchRunner runner, BatchRunTable table, TimeProvider time, ILogger<BatchRunWorker> logger) : BackgroundService
{
    readonly Channel<(BatchRun Run, bool Resumed, ServingModel Model)> _queue = Channel.CreateUnbounded<(BatchRun, bool, ServingModel)>();
    readonly ConcurrentDictionary<string, byte> _active = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _beginning = new(1, 1);

    /// <summary>Queues a run; asking again for one that is queued or running gives the same one.</summary>
    public async Task<BatchRun> QueueAsync(DateOnly date, ServingModel model, IReadOnlyList<string>? codes, CancellationToken cancellation)
    {
        await _beginning.WaitAsync(cancellation);
        try
        {
            var (run, resumed) = await runner.BeginAsync(date, model.Version, codes, cancellation);
            if (_active.TryAdd(run.RunId, 0))
            {
                _queue.Writer.TryWrite((run, resumed, model));
            }

            return run;
        }
        finally
        {
            _beginning.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (run, resumed, model) in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await runner.RunAsync(run, resumed, model, null, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The run stays unfinished in the table; asking for it again resumes it.
                return;
            }
            catch (Exception e)
            {
                LogFailed(e, run.RunId);
                await table.UpdateAsync(run with { Status = BatchRun.Failed, Error = e.Message, FinishedAt = time.GetUtcNow() }, CancellationToken.None);
            }
            finally
            {
                _active.TryRemove(run.RunId, out _);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Batch run {RunId} failed")]
    partial void LogFailed(Exception exception, string runId);
}
