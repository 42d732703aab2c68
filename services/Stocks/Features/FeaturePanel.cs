using Fettle.Databases;
using Fettle.Services.Stocks.Schema;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// The whole market resident in memory: bars in columns, the rest stock by stock. It belongs to one stamp of data versions: after a write it is stale, requests load from the
/// database as without it, and one background load makes a new one.
/// </summary>
internal sealed partial class FeaturePanel(Database database, PackedPrices packed, ILogger<FeaturePanel> logger)
{
    readonly Lock _lock = new();
    volatile Loaded? _loaded;
    Task _loading = Task.CompletedTask;
    volatile bool _wanted;

    /// <summary>Resident stocks, 0 while there are none.</summary>
    public int Count => _loaded?.Market.Histories.Count ?? 0;

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
            _loaded = null;
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
        var loaded = _loaded;
        if (loaded?.Stamp != stamp)
        {
            BeginLoad();
            return false;
        }

        var history = code is not null ? loaded.Market.Histories.GetValueOrDefault(code) : loaded.BySymbol.GetValueOrDefault(symbol!);
        stock = history is null ? null : new ResidentStock(history.Stock, loaded.Market);
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
            // The stamp is read first: a write during the load makes the panel stale, never wrongly fresh.
            var stamp = database.Versions.Stamp(StocksSchema.FeatureInputs);
            var market = await MarketFeatures.LoadAsync(database, null, await packed.IsCurrentAsync(default), default);
            var bySymbol = new Dictionary<string, StockHistory>(StringComparer.Ordinal);
            foreach (var history in market.Histories.Values)
            {
                if (history.Stock.NseSymbol is { } symbol)
                {
                    bySymbol.TryAdd(symbol, history);
                }
            }

            if (_wanted)
            {
                _loaded = new Loaded(stamp, market, bySymbol);
                LogLoaded(market.Histories.Count);
            }
        }
        catch (Exception e)
        {
            LogFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The feature panel holds {Stocks} stocks")]
    partial void LogLoaded(int stocks);

    [LoggerMessage(Level = LogLevel.Error, Message = "The feature panel could not be loaded; requests go on reading the database")]
    partial void LogFailed(Exception exception);

    sealed record Loaded(string Stamp, MarketFeatures Market, Dictionary<string, StockHistory> BySymbol);
}

/// <summary>A stock of the resident market.</summary>
internal sealed record ResidentStock(StockIdentity Stock, MarketFeatures Market)
{
    public FeatureOutcome Outcome(DateOnly date)
    {
        var values = new double[FeatureNames.Count];
        return Market.TryFind(Stock.BseCode, out var row) && Market.TryCompute(row, date, values)
            ? new FeatureOutcome(new FeatureSet(Stock, values), null)
            : FeatureOutcome.TooFewBars(Stock, date, Market.BarsUpTo(Stock.BseCode, date));
    }
}
