using Fettle.Databases;
using Fettle.Indicators;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Browsing;

/// <summary>Reads what a person looks at: stocks by code, symbol or name, and the prices of one.</summary>
internal sealed class StockCatalog(Database database, StockReads reads)
{
    public const int BandDays = 20;
    const double BandDeviations = 2;

    readonly DatabaseEngine _engine = database.Engine;
    readonly DataStamp _stamp = new(database, [StocksSchema.Stocks, StocksSchema.Prices]);

    /// <summary>The versions of what the answers are made from.</summary>
    public ValueTask<string> VersionAsync(CancellationToken cancellation) => _stamp.ReadAsync(cancellation);

    /// <summary>Stocks whose code or symbol begins with the text or whose name contains it, case ignored, by code; and how many there are.</summary>
    public async Task<StockList> SearchAsync(string text, int limit, CancellationToken cancellation)
    {
        const string matches = "bse_code LIKE @begin ESCAPE '!' OR lower(nse_symbol) LIKE @begin ESCAPE '!' OR lower(company_name) LIKE @within ESCAPE '!'";
        var escaped = text.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
        (string, object?)[] begin = [("begin", escaped + "%"), ("within", "%" + escaped + "%")];
        await using var rows = await reads.BeginAsync(cancellation);
        var total = await rows.ReadAsync($"SELECT count(*) FROM {StocksSchema.Stocks} WHERE {matches}", begin, r => r.GetInt64(0), cancellation);
        var found = await rows.ReadAsync(
            $"SELECT bse_code, nse_symbol, company_name FROM {StocksSchema.Stocks} WHERE {matches} ORDER BY bse_code LIMIT @limit", [.. begin, ("limit", limit)],
            r => new StockName(r.GetString(0), DatabaseValues.Text(r, 1), r.GetString(2)), cancellation);
        return new StockList((int)total[0], found);
    }

    /// <summary>The last days of a stock, oldest first, with Bollinger bands that also see the days before; null when there is no such stock.</summary>
    public async Task<PriceSeries?> PricesAsync(string code, int days, CancellationToken cancellation)
    {
        await using var rows = await reads.BeginAsync(cancellation);
        if (await rows.ReadAsync($"SELECT id FROM {StocksSchema.Stocks} WHERE bse_code = @code", [("code", code)], r => r.GetInt64(0), cancellation) is [])
        {
            return null;
        }

        var newestFirst = await rows.ReadAsync(
            $"SELECT date, close FROM {StocksSchema.Prices} WHERE bse_code = @code ORDER BY date DESC LIMIT @limit", [("code", code), ("limit", days + BandDays - 1)],
            r => (Date: DatabaseValues.Iso(DateOnly.FromDayNumber(DatabaseValues.Day(r, 0, _engine))), Close: DatabaseValues.Real(r, 1)), cancellation);
        var dates = newestFirst.Reverse().Select(r => r.Date);
        double[] prices = [.. newestFirst.Reverse().Select(r => r.Close)];
        var (upper, middle, lower) = (new double[prices.Length], new double[prices.Length], new double[prices.Length]);
        BollingerBands.Series(prices, BandDays, BandDeviations, upper, middle, lower);
        var skip = Math.Max(0, prices.Length - days);
        return new PriceSeries(code, [.. dates.Skip(skip)], Finite(prices, skip), Finite(upper, skip), Finite(middle, skip), Finite(lower, skip));
    }

    static double?[] Finite(double[] values, int skip) => [.. values.Skip(skip).Select(v => double.IsFinite(v) ? Math.Round(v, 4) : (double?)null)];
}

/// <summary>How many match, and the first of them.</summary>
internal sealed record StockList(int Total, IReadOnlyList<StockName> Stocks);

internal sealed record StockName(string BseCode, string? NseSymbol, string CompanyName);

/// <summary>Columns of equal length; null where a band needs more days.</summary>
internal sealed record PriceSeries(string BseCode, string[] Dates, double?[] Close, double?[] Upper, double?[] Middle, double?[] Lower);
