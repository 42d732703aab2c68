using System.Data.Common;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// Reads histories from the database in three ways that give equal histories: one stock with one statement per table, some stocks with
/// one statement per table for all of them, and every stock with one scan per table.
/// </summary>
internal sealed class HistoryLoader(Database database)
{
    const string StockColumns = "bse_code, nse_symbol, company_name, industry, status";
    const string BarColumns = "bse_code, date, close, volume";
    const string QuarterColumns = "bse_code, year, quarter, announced_on, revenue_cr, pat_cr, npm, equity_cr, debt_cr, current_assets_cr, current_liabilities_cr";
    const string NewsColumns = "bse_code, published_at, score";
    const string CalendarColumns = "bse_code, announce_on";

    /// <summary>IN lists are padded to these lengths, so that batches of any size share few statements.</summary>
    static readonly int[] ListLengths = [2, 5, 10, 25, 50, 100];

    readonly DatabaseEngine _engine = database.Engine;

    /// <summary>The stock with this code or, without a code, this symbol; null when there is none.</summary>
    public async Task<StockIdentity?> FindAsync(IRows rows, string? code, string? symbol, CancellationToken cancellation)
    {
        var found = code is not null
            ? await rows.ReadAsync($"SELECT {StockColumns} FROM {StocksSchema.Stocks} WHERE bse_code = @code", [("code", code)], Identity, cancellation)
            : await rows.ReadAsync($"SELECT {StockColumns} FROM {StocksSchema.Stocks} WHERE nse_symbol = @symbol ORDER BY id", [("symbol", symbol)], Identity, cancellation);
        return found.FirstOrDefault();
    }

    /// <summary>Everything known about one stock by the end of the date.</summary>
    public Task<StockHistory> LoadAsync(DbConnection connection, StockIdentity stock, DateOnly date, CancellationToken cancellation) =>
        LoadAsync(new ConnectionRows(connection), stock, date, cancellation);

    /// <summary>The same, wherever the rows come from.</summary>
    public async Task<StockHistory> LoadAsync(IRows rows, StockIdentity stock, DateOnly date, CancellationToken cancellation)
    {
        var builder = new HistoryBuilder(stock);
        (string, object?) code = ("code", stock.BseCode);
        (string, object?) day = ("date", DatabaseValues.Of(_engine, date));
        var (from, to) = NewsFeatures.Window(date);
        foreach (var bar in await rows.ReadAsync($"SELECT {BarColumns} FROM {StocksSchema.Prices} WHERE bse_code = @code AND date <= @date ORDER BY date", [code, day], Bar, cancellation))
        {
            builder.Bar(bar.Day, bar.Close, bar.Volume);
        }

        foreach (var quarter in await rows.ReadAsync(
            $"SELECT {QuarterColumns} FROM {StocksSchema.Financials} WHERE bse_code = @code AND announced_on <= @date ORDER BY year, quarter", [code, day], Quarter, cancellation))
        {
            builder.Quarter(quarter);
        }

        foreach (var item in await rows.ReadAsync(
            $"SELECT {NewsColumns} FROM {StocksSchema.News} WHERE bse_code = @code AND published_at >= @from AND published_at < @to ORDER BY published_at, id",
            [code, ("from", DatabaseValues.Of(_engine, from)), ("to", DatabaseValues.Of(_engine, to))], News, cancellation))
        {
            builder.News(item);
        }

        foreach (var announcement in await rows.ReadAsync($"SELECT {CalendarColumns} FROM {StocksSchema.Calendar} WHERE bse_code = @code ORDER BY announce_on", [code], Announcement, cancellation))
        {
            builder.Announcement(announcement);
        }

        return builder.Build();
    }

    /// <summary>The stocks with these codes, in any order; a code without a stock is missing from the answer.</summary>
    public async Task<Dictionary<string, StockIdentity>> FindManyAsync(DbConnection connection, IReadOnlyList<string> codes, string column, CancellationToken cancellation)
    {
        var found = new Dictionary<string, StockIdentity>(StringComparer.Ordinal);
        foreach (var chunk in codes.Chunk(ListLengths[^1]))
        {
            var command = In(connection, $"SELECT {StockColumns} FROM {StocksSchema.Stocks} WHERE {column} IN ({{0}}) ORDER BY id", chunk);
            await ReadAsync(command, r =>
            {
                var stock = Identity(r);
                found.TryAdd(column == "bse_code" ? stock.BseCode : stock.NseSymbol!, stock);
            }, cancellation);
        }

        return found;
    }

    /// <summary>Everything known about some stocks by the end of the last date, with enough news for the first.</summary>
    public async Task<Dictionary<string, StockHistory>> LoadManyAsync(
        DbConnection connection, IReadOnlyCollection<StockIdentity> stocks, DateOnly first, DateOnly last, CancellationToken cancellation)
    {
        var builders = stocks.ToDictionary(s => s.BseCode, s => new HistoryBuilder(s), StringComparer.Ordinal);
        var day = DatabaseValues.Of(_engine, last);
        var from = DatabaseValues.Of(_engine, NewsFeatures.Window(first).From);
        var to = DatabaseValues.Of(_engine, NewsFeatures.Window(last).To);
        foreach (var chunk in builders.Keys.Chunk(ListLengths[^1]))
        {
            await ReadAsync(In(connection, $"SELECT {BarColumns} FROM {StocksSchema.Prices} WHERE bse_code IN ({{0}}) AND date <= @date ORDER BY bse_code, date", chunk)
                .With("date", day), r => Add(Bar(r), builders[r.GetString(0)]), cancellation);
            await ReadAsync(In(connection, $"SELECT {QuarterColumns} FROM {StocksSchema.Financials} WHERE bse_code IN ({{0}}) AND announced_on <= @date ORDER BY bse_code, year, quarter", chunk)
                .With("date", day), r => builders[r.GetString(0)].Quarter(Quarter(r)), cancellation);
            await ReadAsync(In(connection, $"SELECT {NewsColumns} FROM {StocksSchema.News} WHERE bse_code IN ({{0}}) AND published_at >= @from AND published_at < @to ORDER BY bse_code, published_at, id", chunk)
                .With("from", from).With("to", to), r => builders[r.GetString(0)].News(News(r)), cancellation);
            await ReadAsync(In(connection, $"SELECT {CalendarColumns} FROM {StocksSchema.Calendar} WHERE bse_code IN ({{0}}) ORDER BY bse_code, announce_on", chunk),
                r => builders[r.GetString(0)].Announcement(Announcement(r)), cancellation);
        }

        return builders.ToDictionary(b => b.Key, b => b.Value.Build(), StringComparer.Ordinal);
    }

    /// <summary>
    /// Every stock with everything known by the end of the date, or with all there is. One unsorted scan per table: no index helps that.
    /// Without bars, where a panel holds them.
    /// </summary>
    public async Task<Dictionary<string, StockHistory>> LoadAllAsync(
        DbConnection connection, DateOnly? until, CancellationToken cancellation, bool withBars = true)
    {
        var builders = new Dictionary<string, HistoryBuilder>(StringComparer.Ordinal);
        await ReadAsync(connection.Command($"SELECT {StockColumns} FROM {StocksSchema.Stocks} ORDER BY id"), r =>
        {
            var stock = Identity(r);
            builders.TryAdd(stock.BseCode, new HistoryBuilder(stock));
        }, cancellation);

        var finder = new LastFinder(builders);
        if (withBars)
        {
            await ReadAsync(Until(connection, $"SELECT {BarColumns} FROM {StocksSchema.Prices}", "date", until), r => Add(Bar(r), finder.Find(r.GetString(0))), cancellation);
        }

        await ReadAsync(Until(connection, $"SELECT {QuarterColumns} FROM {StocksSchema.Financials}", "announced_on", until), r => finder.Find(r.GetString(0))?.Quarter(Quarter(r)), cancellation);
        await ReadAsync(NewsUntil(connection, until), r => finder.Find(r.GetString(0))?.News(News(r)), cancellation);
        await ReadAsync(connection.Command($"SELECT {CalendarColumns} FROM {StocksSchema.Calendar}"), r => finder.Find(r.GetString(0))?.Announcement(Announcement(r)), cancellation);
        return builders.ToDictionary(b => b.Key, b => b.Value.Build(), StringComparer.Ordinal);
    }

    DbCommand Until(DbConnection connection, string select, string column, DateOnly? until) => until is { } date
        ? connection.Command($"{select} WHERE {column} <= @date", ("date", DatabaseValues.Of(_engine, date)))
        : connection.Command(select);

    DbCommand NewsUntil(DbConnection connection, DateOnly? until)
    {
        var select = $"SELECT {NewsColumns} FROM {StocksSchema.News}";
        if (until is not { } date)
        {
            return connection.Command(select + " ORDER BY id");
        }

        var (from, to) = NewsFeatures.Window(date);
        return connection.Command(select + " WHERE published_at >= @from AND published_at < @to ORDER BY id",
            ("from", DatabaseValues.Of(_engine, from)), ("to", DatabaseValues.Of(_engine, to)));
    }

    static DbCommand In(DbConnection connection, string sql, string[] values)
    {
        var length = ListLengths.First(l => l >= values.Length);
        var command = connection.Command(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, string.Join(", ", Enumerable.Range(0, length).Select(i => $"@c{i}"))));
        for (var i = 0; i < length; i++)
        {
            command.With($"c{i}", values[Math.Min(i, values.Length - 1)]);
        }

        return command;
    }

    static async Task ReadAsync(DbCommand command, Action<DbDataReader> row, CancellationToken cancellation)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                row(reader);
            }
        }
    }

    static StockIdentity Identity(DbDataReader r) =>
        new(r.GetString(0), DatabaseValues.Text(r, 1), r.GetString(2), DatabaseValues.Text(r, 3), r.GetString(4));

    (int Day, double Close, double Volume) Bar(DbDataReader r) => (DatabaseValues.Day(r, 1, _engine), r.GetDouble(2), r.GetInt64(3));

    static void Add((int Day, double Close, double Volume) bar, HistoryBuilder? into) => into?.Bar(bar.Day, bar.Close, bar.Volume);

    QuarterResult Quarter(DbDataReader r) => new(
        r.GetInt32(1), r.GetInt32(2), DatabaseValues.Day(r, 3, _engine), DatabaseValues.Real(r, 4), DatabaseValues.Real(r, 5), DatabaseValues.Real(r, 6),
        DatabaseValues.Real(r, 7), DatabaseValues.Real(r, 8), DatabaseValues.Real(r, 9), DatabaseValues.Real(r, 10));

    NewsItem News(DbDataReader r) => new(DatabaseValues.Ticks(r, 1, _engine), r.GetDouble(2));

    int Announcement(DbDataReader r) => DatabaseValues.Day(r, 1, _engine);

    /// <summary>Rows of a stock mostly come together: the last answer is remembered. A row without a stock belongs to none.</summary>
    sealed class LastFinder(Dictionary<string, HistoryBuilder> builders)
    {
        string? _code;
        HistoryBuilder? _builder;

        public HistoryBuilder? Find(string code)
        {
            if (code != _code)
            {
                _code = code;
                _builder = builders.GetValueOrDefault(code);
            }

            return _builder;
        }
    }
}
