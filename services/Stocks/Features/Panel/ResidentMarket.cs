using Fettle.MarketData;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>The whole market as of one stamp of data versions, with the features of its newest day made for every stock.</summary>
/// <param name="Stamp">Of the tables that features are made from; taken before they were read.</param>
/// <param name="Versions">The same versions, in the order of <see cref="StocksSchema.FeatureInputs"/>.</param>
/// <param name="Market">Bars and the rest.</param>
/// <param name="Newest">The last day on which a stock has a bar.</param>
/// <param name="Table">The features of that day; never written to once it is here.</param>
internal sealed record ResidentMarket(string Stamp, long[] Versions, MarketFeatures Market, DateOnly Newest, FeatureTable Table)
{
    readonly Dictionary<string, StockHistory> _bySymbol = Symbols(Market);

    public static ResidentMarket Create(string stamp, long[] versions, MarketFeatures market)
    {
        var newest = NewestDay(market.Prices);
        return new(stamp, versions, market, newest, market.Compute(newest, Environment.ProcessorCount));
    }

    public StockHistory? Find(string? code, string? symbol) =>
        code is not null ? Market.Histories.GetValueOrDefault(code) : _bySymbol.GetValueOrDefault(symbol!);

    /// <summary>From the table on the newest day, else computed from the stock's row; the same bits.</summary>
    public FeatureOutcome Outcome(StockIdentity stock, DateOnly date)
    {
        if (date == Newest && Table.TryFind(stock.BseCode, out var made))
        {
            return new FeatureOutcome(new FeatureSet(stock, Table[made].ToArray()), null);
        }

        var values = new double[FeatureNames.Count];
        return Market.TryFind(stock.BseCode, out var row) && Market.TryCompute(row, date, values)
            ? new FeatureOutcome(new FeatureSet(stock, values), null)
            : FeatureOutcome.TooFewBars(stock, date, Market.BarsUpTo(stock.BseCode, date));
    }

    /// <summary>This market with bars that have arrived or changed, and the table of what is then the newest day.</summary>
    public ResidentMarket Update(string stamp, long[] versions, IReadOnlyCollection<StockBar> bars)
    {
        if (bars.Count == 0)
        {
            return this with { Stamp = stamp, Versions = versions };
        }

        var (market, table) = Market.Update(Table.Copy(), Newest, bars);
        var newest = NewestDay(market.Prices);
        return this with
        {
            Stamp = stamp,
            Versions = versions,
            Market = market,
            Newest = newest,
            Table = newest == Newest ? table : market.Compute(newest, Environment.ProcessorCount),
        };
    }

    static DateOnly NewestDay(PricePanel prices)
    {
        var newest = 0;
        for (var row = 0; row < prices.Codes.Count; row++)
        {
            newest = prices.Days(row) is [.., var last] ? Math.Max(newest, last) : newest;
        }

        return DateOnly.FromDayNumber(newest);
    }

    static Dictionary<string, StockHistory> Symbols(MarketFeatures market)
    {
        var symbols = new Dictionary<string, StockHistory>(StringComparer.Ordinal);
        foreach (var history in market.Histories.Values)
        {
            if (history.Stock.NseSymbol is { } symbol)
            {
                symbols.TryAdd(symbol, history);
            }
        }

        return symbols;
    }
}
