using Fettle.Databases;
using Fettle.Indicators;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Browsing;

/// <summary>Reads what a person looks at: stocks by code, symbol or name, and the prices of one.</summary>
internal sealed class StockCatalog(Database database)
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
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var counting = connection.Command($"SELECT count(*) FROM {StocksSchema.Stocks} WHERE {matches}", ("begin", escaped + "%"), ("within", "%" + escaped + "%"));
        var total = Convert.ToInt32(await counting.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture);
        await using var command = connection.Command(
            $"SELECT bse_code, nse_symbol, company_name FROM {StocksSchema.Stocks} WHERE {matches} ORDER BY bse_code LIMIT @limit",
            ("begin", escaped + "%"), ("within", "%" + escaped + "%"), ("limit", limit));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<StockName>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(new StockName(reader.GetString(0), DatabaseValues.Text(reader, 1), reader.GetString(2)));
        }

        return new StockList(total, found);
    }

    /// <summary>The last days of a stock, oldest first, with Bollinger bands that also see the days before; null when there is no such stock.</summary>
    public async Task<PriceSeries?> PricesAsync(string code, int days, CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using (var exists = connection.Command($"SELECT id FROM {StocksSchema.Stocks} WHERE bse_code = @code", ("code", code)))
        {
            if (await exists.ExecuteScalarAsync(cancellation) is null)
            {
                return null;
            }
        }

        var dates = new List<string>();
        var close = new List<double>();
        await using (var command = connection.Command(
            $"SELECT date, close FROM {StocksSchema.Prices} WHERE bse_code = @code ORDER BY date DESC LIMIT @limit", ("code", code), ("limit", days + BandDays - 1)))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                dates.Add(DatabaseValues.Iso(DateOnly.FromDayNumber(DatabaseValues.Day(reader, 0, _engine))));
                close.Add(DatabaseValues.Real(reader, 1));
            }
        }

        dates.Reverse();
        close.Reverse();
        var prices = close.ToArray();
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
