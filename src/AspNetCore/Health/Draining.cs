using Microsoft.Extensions.Hosting;

namespace Fettle.AspNetCore;

/// <summary>
/// Between the order to stop and the end of listening: <c>/readyz</c> says 503 while the listeners still take requests, for as long as load
/// balancers need to see it. After that the server takes no new connection and waits for the requests under way.
/// </summary>
internal sealed class Draining(FettleOptions options, IHostApplicationLifetime lifetime, TimeProvider time) : IHostedLifecycleService
{
    bool _drained;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // A signal has said so already; a caller of StopAsync has not.
        lifetime.StopApplication();
        if (options.DrainDelay > TimeSpan.Zero && !_drained)
        {
            // Whoever stops a stopped service again waits for nobody.
            _drained = true;
            await Task.Delay(options.DrainDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
