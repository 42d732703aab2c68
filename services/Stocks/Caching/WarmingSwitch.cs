using Fettle.AspNetCore;
using Fettle.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Serving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// The switch <c>cache-warming</c>: fills the caches that are on, at once, at the start of a service that starts with it, and again whenever a write
/// or a new model has made their keys others. Turning it off ends a warming that runs. Requests go first: a warming loads a bounded number of keys a second.
/// </summary>
internal sealed partial class WarmingSwitch : IHostedService, IAsyncDisposable
{
    const string Name = "cache-warming";
    const int KeysPerSecond = 250;
    const int MostKeys = 1_000_000;
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    readonly CacheWarming _warming;
    readonly StockSwitches _switches;
    readonly FeatureStore _features;
    readonly PredictionEngine _engine;
    readonly TimeProvider _time;
    readonly ILogger<WarmingSwitch> _logger;
    readonly WarmRequest _request;
    readonly Lock _lock = new();
    CancellationTokenSource? _stop;
    Task _running = Task.CompletedTask;
    bool _started;
    bool _wanted;

    public WarmingSwitch(
        SwitchRegistry registry, CacheWarming warming, StockSwitches switches, FeatureStore features, PredictionEngine engine, StocksOptions options, TimeProvider time, ILogger<WarmingSwitch> logger)
    {
        (_warming, _switches, _features, _engine, _time, _logger) = (warming, switches, features, engine, time, logger);
        _request = new WarmRequest { Limit = Math.Min(options.CacheEntries, MostKeys), RatePerSecond = KeysPerSecond, Concurrency = 1 };
        registry.Add(
            new SwitchDefinition(Name, "cache", "Fills the feature and prediction caches that are on before they are asked, and again when the data or the model changes.", NeedsWarmup: true)
            {
                Saves = ["db", "features", "model"],
            },
            Want);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _started = true;
            Begin();
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _started = false;
            _stop?.Cancel();
        }

        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        // Twice: as the host's service and as everybody's.
        await StopAsync(CancellationToken.None);
        Interlocked.Exchange(ref _stop, null)?.Dispose();
    }

    void Want(bool on)
    {
        lock (_lock)
        {
            _wanted = on;
            _stop?.Cancel();
            Begin();
        }
    }

    void Begin()
    {
        if (_started && _wanted)
        {
            _stop = new CancellationTokenSource();
            var (before, stop) = (_running, _stop.Token);

            // It outlives the request that turned the switch, and is no part of its account.
            using (ExecutionContext.SuppressFlow())
            {
                _running = Task.Run(() => RunAsync(before, stop));
            }
        }
    }

    async Task RunAsync(Task before, CancellationToken stop)
    {
        await before;
        try
        {
            using var timer = new PeriodicTimer(Look, _time);
            var last = "";
            do
            {
                last = await LookAsync(last, stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Switched off, or the service ends.
        }
    }

    /// <summary>Making a prediction makes its features too.</summary>
    string? Mode => _switches.PredictionCache.On ? StocksCaches.PredictionsName : _switches.FeatureCache.On ? StocksCaches.FeaturesName : null;

    /// <summary>Warms if the caches hold something else than the last time.</summary>
    /// <returns>What they hold now.</returns>
    async Task<string> LookAsync(string last, CancellationToken stop)
    {
        var state = last;
        try
        {
            if (Mode is { } mode && $"{mode} {await _features.StampAsync(stop)} {_engine.TakeModel().Model?.Key}" is var now && now != last)
            {
                state = now;
                var done = await _warming.RunAsync(_request with { Mode = mode }, cancellationToken: stop);
                Log(done.Errors == 0 ? LogLevel.Information : LogLevel.Warning, mode, done.Items, done.Elapsed.TotalSeconds, done.Errors, done.FirstError ?? "none");
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Requests tell of a database that is away; the next change tries again.
            Log(LogLevel.Warning, Mode ?? "nothing", 0, 0, 1, e.Message);
        }

        return state;
    }

    [LoggerMessage(Message = "Warmed {Mode}: {Items} keys in {Seconds:F2} s, {Errors} errors; first error: {Error}")]
    partial void Log(LogLevel level, string mode, int items, double seconds, int errors, string error);
}
