using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Importing;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

/// <summary>Packed series beside the prices: in step after imports, left aside after anyone else's write.</summary>
public sealed class PackedPricesTests : IDisposable
{
    const string Header = "timestamp,open,high,low,close,volume\n";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-packed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    Database Open() => Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "s.db")));

    async Task ImportAsync(Database database, string symbol, string rows)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "csv")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, symbol + ".csv"), Header + rows);
        await new PriceImporter(database).ImportAsync(folder, new Dictionary<string, CompanyInfo>(), null, default);
    }

    static List<(string Code, int[] Days, double[] Closes)> Content(PricePanel panel) =>
        [.. panel.Codes.Select((code, row) => (code, panel.Days(row).ToArray(), panel.Bars[row].Close.ToArray()))];

    static async Task ShouldBeInStepAsync(Database database)
    {
        (await new PackedPrices(database).IsCurrentAsync(default)).ShouldBeTrue();
        var (packed, rows) = (Content(await MarketFeatures.LoadPricesAsync(database, null, true, default)), Content(await MarketFeatures.LoadPricesAsync(database, null, false, default)));
        packed.Select(p => p.Code).ShouldBe(rows.Select(r => r.Code));
        for (var i = 0; i < rows.Count; i++)
        {
            packed[i].Days.ShouldBe(rows[i].Days);
            packed[i].Closes.ShouldBe(rows[i].Closes);
        }
    }

    [Fact]
    public async Task Import_KeepsThePackedRowsInStep()
    {
        await using var database = Open();
        await ImportAsync(database, "ABC", "2024-01-01,10,11,9,10.5,100\n2024-01-03,10,11,9,10.7,100\n");
        var packed = new PackedPrices(database);
        (await packed.IsCurrentAsync(default)).ShouldBeFalse();
        (await packed.MakeAsync(default)).ShouldBe(1);
        await ShouldBeInStepAsync(database);

        // A bar in between, a correction, a new bar, then a new stock; and an import that changes nothing.
        await ImportAsync(database, "ABC", "2024-01-01,10,11,9,10.6,100\n2024-01-02,10,11,9,10.1,100\n2024-01-03,10,11,9,10.7,100\n2024-01-04,10,12,9,11.7,100\n");
        await ShouldBeInStepAsync(database);
        await ImportAsync(database, "XYZ", "2024-01-02,1,2,1,1.5,7\n");
        await ShouldBeInStepAsync(database);
        await ImportAsync(database, "XYZ", "2024-01-02,1,2,1,1.5,7\n");
        await ShouldBeInStepAsync(database);
        (await MarketFeatures.LoadPricesAsync(database, null, true, default)).BarCount.ShouldBe(5);
    }

    [Fact]
    public async Task ForeignWrite_LeavesThePackedRowsAside_UntilTheyAreMadeAnew()
    {
        await using var database = Open();
        await ImportAsync(database, "ABC", "2024-01-01,10,11,9,10.5,100\n");
        var packed = new PackedPrices(database);
        await packed.MakeAsync(default);
        await using (var connection = await database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET close = 10.75");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        (await packed.IsCurrentAsync(default)).ShouldBeFalse();

        // An import on top must not pass the stale row off as current.
        await ImportAsync(database, "ABC", "2024-01-02,10,11,9,10.1,100\n");
        (await packed.IsCurrentAsync(default)).ShouldBeFalse();
        await packed.MakeAsync(default);
        await ShouldBeInStepAsync(database);
    }

    [Fact]
    public async Task Switch_MakesAndRemovesTheTable()
    {
        await using var host = await StocksHost.OverSampleAsync(12, 60);
        var packed = host.Service<PackedPrices>();
        await host.SwitchAsync("packed-series", true);
        await packed.WhenChanged();
        (await packed.IsCurrentAsync(default)).ShouldBeTrue();
        await host.SwitchAsync("packed-series", false);
        await packed.WhenChanged();
        (await new PackedSeriesTable(host.Database).ExistsAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task StaticFeatures_AreComputedOnceAMonth()
    {
        StocksHost.Write(Path.Combine(_folder, "s.db"), 25, 60);
        await using var database = Open();
        (await StaticFeatures.EnsureAsync(database, new DateOnly(2025, 9, 3), default)).ShouldBe(0, "the sample's are of this month");
        var before = await RowsAsync(database);
        (await StaticFeatures.EnsureAsync(database, new DateOnly(2025, 10, 1), default)).ShouldBe(25);
        (await RowsAsync(database)).ShouldBe(before.Select(r => r.Replace("2025-09-30", "2025-10-01")), "codes of industries stay");
        (await StaticFeatures.EnsureAsync(database, new DateOnly(2025, 10, 31), default)).ShouldBe(0);

        // A stock that is new within the month, of an industry that is new and of unknown size.
        await using (var connection = await database.OpenWriteAsync())
        {
            await using var command = connection.Command($"INSERT INTO {StocksSchema.Stocks} (bse_code, company_name, industry, status) VALUES ('999999', 'New', 'Quantum', 'active')");
            await command.ExecuteNonQueryAsync();
        }

        (await StaticFeatures.EnsureAsync(database, new DateOnly(2025, 10, 31), default)).ShouldBe(26);
        var added = (await RowsAsync(database)).Single(r => r.StartsWith("999999"));
        added.ShouldEndWith("|0|2025-10-31");
        (await RowsAsync(database)).Count(r => r.Split('|')[1] == added.Split('|')[1]).ShouldBe(1);
    }

    static async Task<List<string>> RowsAsync(Database database)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.Command($"SELECT bse_code, industry_code, market_cap_tier, computed_on FROM {StocksSchema.StaticFeatures} ORDER BY bse_code");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add($"{reader.GetString(0)}|{reader.GetInt32(1)}|{reader.GetInt32(2)}|{reader.GetString(3)}");
        }

        return rows;
    }
}
