using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

/// <summary>
/// Rows behind the date are shifted, changed and deleted in the database itself: no feature on any path moves a bit. A control changes rows before it and
/// sees every feature move.
/// </summary>
public sealed class LookAheadTests : IDisposable
{
    static readonly DateOnly Date = new(2025, 7, 23);

    /// <summary>Known on the date: bars up to it, quarters announced by it, news before its end, and when the next announcement is.</summary>
    static readonly string[] Future =
    [
        $"DELETE FROM {StocksSchema.Prices} WHERE date > '2025-07-23' AND id % 5 = 0",
        $"UPDATE {StocksSchema.Prices} SET open = open * 3, high = high * 3 + 1, low = low / 3, close = close * 1.7 + 1, volume = volume * 9 + 5, date = date(date, '+3 days') WHERE date > '2025-07-23'",
        $"UPDATE {StocksSchema.Financials} SET revenue_cr = revenue_cr * 2 - 7, pat_cr = 1 - pat_cr, npm = npm + 9, equity_cr = equity_cr / 4, debt_cr = debt_cr * 5, "
            + "current_assets_cr = 1, current_liabilities_cr = 2, announced_on = date(announced_on, '+2 days') WHERE announced_on > '2025-07-23'",
        $"UPDATE {StocksSchema.News} SET score = -score WHERE published_at >= '2025-07-24'",
        $"INSERT INTO {StocksSchema.News} (bse_code, published_at, score) SELECT bse_code, '2025-07-24 00:00:00', 1 FROM {StocksSchema.Stocks}",
        $"DELETE FROM {StocksSchema.Calendar} WHERE announce_on > (SELECT MIN(c.announce_on) FROM {StocksSchema.Calendar} c WHERE c.bse_code = {StocksSchema.Calendar}.bse_code AND c.announce_on >= '2025-07-23')",
        $"UPDATE {StocksSchema.Labels} SET label = 1 - label",
    ];

    static readonly string[] Past =
    [
        $"UPDATE {StocksSchema.Prices} SET close = close * 1.01 + id % 3, volume = volume * (2 + 97 * (id % 2)) WHERE date BETWEEN '2025-07-10' AND '2025-07-23'",
        $"UPDATE {StocksSchema.Prices} SET close = close * 1.05 WHERE date < '2025-07-10' AND id % 2 = 0",
        $"UPDATE {StocksSchema.Financials} SET revenue_cr = revenue_cr * (1 + (quarter * 3 + year * 7) % 5), pat_cr = pat_cr + 3, npm = npm + quarter * year % 5, equity_cr = equity_cr * 2, debt_cr = debt_cr * 3, current_assets_cr = current_assets_cr * 3 WHERE announced_on <= '2025-07-23'",
        $"UPDATE {StocksSchema.News} SET score = score * 0.5 + 0.25 WHERE published_at < '2025-07-20'",
        $"INSERT INTO {StocksSchema.News} (bse_code, published_at, score) SELECT bse_code, '2025-07-23 23:59:59', 1 FROM {StocksSchema.Stocks}",
        $"UPDATE {StocksSchema.Calendar} SET announce_on = date(announce_on, '+1 day') WHERE announce_on > '2025-07-23'",
    ];

    readonly string _folder = Directory.CreateTempSubdirectory("fettle-future-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task FutureRows_Changed_MoveNoFeatureOnAnyPath()
    {
        await using var database = Open();
        var known = await RowsAsync(database, Date);
        known.Codes.Count.ShouldBeGreaterThan(40);
        for (var f = 0; f < FeatureNames.Count; f++)
        {
            Column(known, f).ShouldContain(v => !double.IsNaN(v), $"{FeatureNames.All[f]} is computed for some stock");
        }

        await ChangeAsync(database, Future);
        ShouldEqual(await RowsAsync(database, Date), known, "rows up to the date");
        ShouldEqual(await RowsAsync(database, null), known, "all rows");
        await new PackedPrices(database).MakeAsync(default);
        foreach (var until in new DateOnly?[] { Date, null })
        {
            ShouldEqual((await MarketFeatures.LoadAsync(database, until, packed: true, default)).Compute(Date, 2), known, "packed series");
        }

        await ShouldEqualPlainPathsAsync(database, known);
    }

    [Fact]
    public async Task PastRows_Changed_MoveEveryFeature()
    {
        await using var database = Open();
        var before = await RowsAsync(database, Date);
        await ChangeAsync(database, Past);
        var after = await RowsAsync(database, Date);
        for (var f = 0; f < FeatureNames.Count; f++)
        {
            Column(after, f).ShouldNotBe(Column(before, f), FeatureNames.All[f]);
        }
    }

    static double[] Column(FeatureTable table, int feature)
    {
        var values = new double[table.Codes.Count];
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = table.Has(row) ? table[row][feature] : double.NaN;
        }

        return values;
    }

    Database Open()
    {
        StocksHost.Write(Path.Combine(_folder, "s.db"), 60, 160);
        return Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "s.db")));
    }

    static async Task<FeatureTable> RowsAsync(Database database, DateOnly? until) => (await MarketFeatures.LoadAsync(database, until, packed: false, default)).Compute(Date, 1);

    /// <summary>One stock with its own statements, and some stocks with IN lists: the ways of predict and batch_predict.</summary>
    static async Task ShouldEqualPlainPathsAsync(Database database, FeatureTable known)
    {
        var loader = new HistoryLoader(database);
        await using var connection = await database.OpenReadAsync();
        var stocks = await loader.FindManyAsync(connection, known.Codes, "bse_code", default);
        var many = await loader.LoadManyAsync(connection, stocks.Values, Date, Date.AddDays(9), default);
        var (one, other) = (new double[FeatureNames.Count], new double[FeatureNames.Count]);
        for (var row = 0; row < known.Codes.Count; row++)
        {
            var stock = stocks[known.Codes[row]];
            FeatureCalculator.TryCompute(await loader.LoadAsync(connection, stock, Date, default), Date, one).ShouldBe(known.Has(row));
            FeatureCalculator.TryCompute(many[stock.BseCode], Date, other).ShouldBe(known.Has(row));
            if (known.Has(row))
            {
                MarketFeaturesTests.Bits(one).ShouldBe(MarketFeaturesTests.Bits(known[row]), stock.BseCode);
                MarketFeaturesTests.Bits(other).ShouldBe(MarketFeaturesTests.Bits(known[row]), stock.BseCode);
            }
        }
    }

    static void ShouldEqual(FeatureTable actual, FeatureTable expected, string path)
    {
        for (var row = 0; row < expected.Codes.Count; row++)
        {
            actual.TryFind(expected.Codes[row], out var mine).ShouldBe(expected.Has(row), path);
            if (expected.Has(row))
            {
                MarketFeaturesTests.Bits(actual[mine]).ShouldBe(MarketFeaturesTests.Bits(expected[row]), $"{expected.Codes[row]}, {path}");
            }
        }
    }

    static async Task ChangeAsync(Database database, string[] statements)
    {
        await using var connection = await database.OpenWriteAsync();
        foreach (var statement in statements)
        {
            await using var command = connection.Command(statement);
            (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0, statement);
        }
    }
}
