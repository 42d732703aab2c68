using Fettle.Databases;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// The whole market resident in memory: bars in columns, the rest stock by stock. It belongs to one stamp of data versions: after a write it is stale, requests load from the
/// database as without it, and in the background the stocks that the write named are brought up to date, or everything is loaded anew where it named none.
/// </summary>
internal sealed partial class FeaturePanel(Database database, PackedPrices packed, StockVersions versions, ILogger<FeaturePanel> logger)
{
    readonly Lock _lock = new();
    readonly MarketUpdater _updater = new(database, versions);
    volatile ResidentMarket? _resident;
    Task _loading = Task.CompletedTask;
    volatile bool _wanted;

    /// <summary>Resident stocks, 0 while there are none.</summary>
    public int Count => _resident?.Market.Histories.Count ?? 0;

    /// <summary>What is resident now; null while nothing is.</summary>
    public ResidentMarket? Resident => _resident;

    /// <summary>How often everything was loaded, and how often only what a write had named.</summary>
    public (int Loads, int Updates) Work { get; private set; }

    /// <summary>Turns the panel on (loading begins) or off (the memory is given back).</summary>
    public void Want(bool wanted)
    {
        _wanted = wanted;
        if (wanted)
        {
            BeginLoad();
        }
        else
        {
            _resident = null;
        }
    }

    /// <summary>The load in progress, for those who want to begin warm.</summary>
    public Task WhenLoaded()
    {
        lock (_lock)
        {
            return _loading;
        }
    }

    /// <summary>Whether the panel holds the current data; if so the stock, or null when there is no such stock.</summary>
    public bool TryFind(string? code, string? symbol, string stamp, out ResidentStock? stock)
    {
        stock = null;
        var resident = _resident;
        if (resident?.Stamp != stamp)
        {
            BeginLoad();
            return false;
        }

        stock = resident.Find(code, symbol) is { } history ? new ResidentStock(history.Stock, resident) : null;
        return true;
    }

    void BeginLoad()
    {
        lock (_lock)
        {
            if (_wanted && _loading.IsCompleted)
            {
                _loading = Task.Run(LoadAsync);
            }
        }
    }

    async Task LoadAsync()
    {
        try
        {
            // The versions are read first: a write during the load makes the panel stale, never wrongly fresh.
            await database.Versions.RefreshAsync(TimeSpan.Zero);
            var now = Array.ConvertAll(StocksSchema.FeatureInputs, database.Versions.Get);
            var stamp = database.Versions.Stamp(StocksSchema.FeatureInputs);
            var updated = _resident is { } resident ? await _updater.TryUpdateAsync(resident, stamp, now, default) : null;
            var loaded = updated ?? ResidentMarket.Create(stamp, now, await MarketFeatures.LoadAsync(database, null, await packed.IsCurrentAsync(default), default));
            if (_wanted)
            {
                _resident = loaded;
                Work = updated is null ? Work with { Loads = Work.Loads + 1 } : Work with { Updates = Work.Updates + 1 };
                LogLoaded(loaded.Market.Histories.Count, updated is null ? "loaded" : "updated");
            }
        }
        catch (Exception e)
        {
            LogFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The feature panel holds {Stocks} stocks ({How})")]
    partial void LogLoaded(int stocks, string how);

    [LoggerMessage(Level = LogLevel.Error, Message = "The feature panel could not be loaded; requests go on reading the database")]
    partial void LogFailed(Exception exception);
}

/// <summary>A stock of the resident market.</summary>
internal sealed record ResidentStock(StockIdentity Stock, ResidentMarket Market)
{
    public FeatureOutcome Outcome(DateOnly date) => Market.Outcome(Stock, date);
}
