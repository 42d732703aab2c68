using Fettle.Databases;

namespace Fettle.MarketData.Tests;

/// <summary>The same checks on each engine; derived classes bring the database.</summary>
public abstract class LoadingTests
{
    protected static async Task CreateAsync(Database database, IEnumerable<StockBar> bars)
    {
        var sqlite = database.Engine == DatabaseEngine.Sqlite;
        await using var connection = await database.OpenWriteAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, transaction, $"CREATE TABLE price_movements (id {(sqlite ? "INTEGER" : "BIGINT GENERATED ALWAYS AS IDENTITY")} PRIMARY KEY, bse_code TEXT NOT NULL, "
            + $"date {(sqlite ? "TEXT" : "DATE")} NOT NULL, open {Real(sqlite)}, high {Real(sqlite)}, low {Real(sqlite)}, close {Real(sqlite)}, volume {(sqlite ? "INTEGER" : "BIGINT")} NOT NULL)");
        await InsertAsync(connection, transaction, bars);
        await transaction.CommitAsync();
    }

    static string Real(bool sqlite) => (sqlite ? "REAL" : "DOUBLE PRECISION") + " NOT NULL";

    protected static async Task InsertAsync(System.Data.Common.DbConnection connection, System.Data.Common.DbTransaction transaction, IEnumerable<StockBar> bars)
    {
        foreach (var chunk in bars.Chunk(500))
        {
            var values = chunk.Select(b => FormattableString.Invariant(
                $"('{b.Code}', '{DateOnly.FromDayNumber(b.Day):yyyy-MM-dd}', {b.Open:R}, {b.High:R}, {b.Low:R}, {b.Close:R}, {b.Volume:R})"));
            await ExecuteAsync(connection, transaction, "INSERT INTO price_movements (bse_code, date, open, high, low, close, volume) VALUES " + string.Join(",", values));
        }
    }

    protected static async Task ExecuteAsync(System.Data.Common.DbConnection connection, System.Data.Common.DbTransaction transaction, string sql)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    protected static async Task PanelEqualsTheRowsAsync(Database database)
    {
        var bars = TestBars.Market(30, 80);
        // A code that is longer than seven bytes, and one that is not ASCII.
        bars.Add(new StockBar("M&M-LONGNAME", TestBars.FirstDay, 1, 2, 1, 1.5, 10));
        bars.Add(new StockBar("É", TestBars.FirstDay, 1, 2, 1, 1.5, 10));
        var shuffled = bars.ToArray();
        new Random(1).Shuffle(shuffled);
        await CreateAsync(database, shuffled);
        TestBars.Of(await new PanelLoader(database).LoadAsync()).ShouldBe(TestBars.Sorted(bars));
        var until = DateOnly.FromDayNumber(TestBars.FirstDay + 33);
        TestBars.Of(await new PanelLoader(database).LoadAsync(until)).ShouldBe(TestBars.Sorted(bars.Where(b => b.Day <= until.DayNumber)));
        string[] named = ["500003", "É", "500021", "unknown", "M&M-LONGNAME"];
        TestBars.Of(await new PanelLoader(database).LoadStocksAsync(named)).ShouldBe(TestBars.Sorted(bars.Where(b => named.Contains(b.Code))));
        var many = Enumerable.Range(500_000, 30).Select(c => $"{c}").ToArray();
        TestBars.Of(await new PanelLoader(database).LoadStocksAsync(many)).ShouldBe(TestBars.Sorted(bars.Where(b => many.Contains(b.Code))));
        (await new PanelLoader(database).LoadStocksAsync([])).Codes.ShouldBeEmpty();
        (await Should.ThrowAsync<ArgumentException>(() => new PanelLoader(database).LoadStocksAsync([.. Enumerable.Repeat("1", 1001)]))).Message
            .ShouldStartWith("1001 stocks are asked for by name; allowed are up to 1000");
    }

    protected static async Task PackedStaysInStepAsync(Database database)
    {
        var bars = TestBars.Market(6, 60);
        var split = TestBars.FirstDay + 50;
        await CreateAsync(database, bars.Where(b => b.Day < split));
        var packed = new PackedSeriesTable(database);
        (await packed.ExistsAsync()).ShouldBeFalse();
        (await packed.RebuildAsync()).ShouldBe(6);
        (await packed.ExistsAsync()).ShouldBeTrue();
        TestBars.Of(await packed.LoadAsync()).ShouldBe(TestBars.Of(await new PanelLoader(database).LoadAsync()));

        // New days, a new stock, and a corrected bar, in one transaction with the rows.
        var news = bars.Where(b => b.Day >= split).Append(new StockBar("600000", split, 1, 2, 1, 1.5, 10)).ToList();
        var corrected = bars[7] with { Close = 123.4567 };
        await using (var connection = await database.OpenWriteAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await InsertAsync(connection, transaction, news);
            await ExecuteAsync(connection, transaction, FormattableString.Invariant(
                $"UPDATE price_movements SET close = {corrected.Close:R} WHERE bse_code = '{corrected.Code}' AND date = '{DateOnly.FromDayNumber(corrected.Day):yyyy-MM-dd}'"));
            await packed.ApplyAsync(connection, transaction, [.. news, corrected]);
            await transaction.CommitAsync();
        }

        var rows = TestBars.Of(await new PanelLoader(database).LoadAsync()).ToList();
        rows.Count.ShouldBe(bars.Count + 1);
        rows.ShouldContain(corrected);
        TestBars.Of(await packed.LoadAsync()).ShouldBe(rows);
    }

    protected static async Task RolledBackWriteLeavesBothTablesAsync(Database database)
    {
        var bars = TestBars.Market(2, 20);
        await CreateAsync(database, bars);
        var packed = new PackedSeriesTable(database);
        await packed.RebuildAsync();
        await using (var connection = await database.OpenWriteAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            StockBar[] news = [new("500000", TestBars.FirstDay + 99, 1, 2, 1, 1.5, 10)];
            await InsertAsync(connection, transaction, news);
            await packed.ApplyAsync(connection, transaction, news);
            await transaction.RollbackAsync();
        }

        TestBars.Of(await packed.LoadAsync()).ShouldBe(TestBars.Sorted(bars));
        TestBars.Of(await new PanelLoader(database).LoadAsync()).ShouldBe(TestBars.Sorted(bars));
    }
}
