using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// Brings a resident market up to date by reading the bars of those stocks whose prices changed. A writer of prices notes its stocks (see
/// <see cref="StockVersions"/>); after any other write, or one that takes bars away, only loading everything anew will do.
/// </summary>
internal sealed class MarketUpdater(Database database, StockVersions versions)
{
    static readonly int Prices = Array.IndexOf(StocksSchema.FeatureInputs, StocksSchema.Prices);

    /// <summary>The market of the stamp, or null when it must be loaded anew.</summary>
    public async Task<ResidentMarket?> TryUpdateAsync(ResidentMarket resident, string stamp, long[] now, CancellationToken cancellation)
    {
        if (now.Where((v, i) => i != Prices && v != resident.Versions[i]).Any())
        {
            return null;
        }

        await versions.RefreshAsync(cancellation);
        var names = versions.ChangedSince(StocksSchema.Prices, resident.Versions[Prices]);
        if (names is null || names.Count > PanelLoader.MostStocks)
        {
            return null;
        }

        // Names are codes and symbols; a symbol has no rows.
        var fresh = await new PanelLoader(database).LoadStocksAsync(names, cancellation);
        return Changes(resident.Market.Prices, fresh, names) is { } bars ? resident.Update(stamp, now, bars) : null;
    }

    /// <summary>The bars that are new or different; null when one is gone.</summary>
    static List<StockBar>? Changes(PricePanel resident, PricePanel fresh, IEnumerable<string> names)
    {
        var changes = new List<StockBar>();
        foreach (var name in names)
        {
            var known = resident.TryFind(name, out var old) ? resident.Days(old).Length : 0;
            var met = 0;
            for (var i = 0; fresh.TryFind(name, out var row) && i < fresh.Bars.Counts[row]; i++)
            {
                var bar = fresh.Bar(row, i);
                var isKnown = met < known && resident.Days(old)[met] == bar.Day;
                if (!isKnown || resident.Bar(old, met) != bar)
                {
                    changes.Add(bar);
                }

                met += isKnown ? 1 : 0;
            }

            if (met < known)
            {
                return null;
            }
        }

        return changes;
    }
}
