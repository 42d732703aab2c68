using System.Globalization;
using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Importing;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The market resident in the service after writes: brought up to date stock by stock where the writer named them, and equal to a fresh load to the bit.</summary>
[Trait("Category", "Slow")]
public sealed class FeaturePanelTests : IDisposable
{
    const string Day = "2025-09-30";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-panel-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Imports_AreTakenIncrementally_AndEqualAFreshLoad()
    {
        await using var host = await StartAsync(12);
        var panel = host.Service<FeaturePanel>();
        var (symbols, random) = (await SymbolsAsync(host.Database), new Random(3));
        var (inPlace, copied) = (0, 0);
        for (var round = 1; round <= 12; round++)
        {
            // New days for one or two stocks; now and then a correction or a day between two others.
            var before = panel.Resident!.Market;
            foreach (var symbol in symbols.OrderBy(_ => random.Next()).Take(random.Next(1, 3)))
            {
                var first = round % 4 == 0 ? -random.Next(1, 40) : round;
                await ImportAsync(host.Database, symbol, [.. Enumerable.Range(first, random.Next(1, 3)).Select(d => (d, 50 + 100 * random.NextDouble()))]);
            }

            await SettleAsync(host);
            panel.Work.ShouldBe((1, round));
            await ShouldEqualAFreshLoadAsync(host, panel.Resident!);
            (inPlace, copied) = ReferenceEquals(panel.Resident!.Market, before) ? (inPlace + 1, copied) : (inPlace, copied + 1);
        }

        inPlace.ShouldBeGreaterThan(3);
        copied.ShouldBeGreaterThan(1);
        panel.Resident!.Newest.ShouldBeGreaterThan(DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task OtherWrites_LoadEverythingAnew()
    {
        await using var host = await StartAsync(8);
        var panel = host.Service<FeaturePanel>();
        var loads = 1;
        foreach (var sql in new[]
        {
            $"UPDATE {StocksSchema.Prices} SET close = close * 1.01 WHERE date = '{Day}'",
            $"DELETE FROM {StocksSchema.Prices} WHERE date = '{Day}'",
            $"UPDATE {StocksSchema.News} SET score = -score",
            $"UPDATE {StocksSchema.Stocks} SET status = 'suspended' WHERE id = 2",
        })
        {
            await using (var connection = await host.Database.OpenWriteAsync())
            {
                await using var command = connection.Command(sql);
                (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0, sql);
            }

            await SettleAsync(host);
            panel.Work.ShouldBe((++loads, 0), sql);
            await ShouldEqualAFreshLoadAsync(host, panel.Resident!);
        }

        await ImportAsync(host.Database, "BRANDNEW", [(1, 10)]);
        await SettleAsync(host);
        panel.Work.ShouldBe((++loads, 0), "a stock that is new");
        await ShouldEqualAFreshLoadAsync(host, panel.Resident!);
    }

    [Fact]
    public async Task NewestDay_IsAnsweredFromTheTable_LikeAnyOther()
    {
        await using var host = await StartAsync(12);
        var resident = host.Service<FeaturePanel>().Resident!;
        var values = new double[FeatureNames.Count];
        var answered = 0;
        foreach (var history in resident.Market.Stocks)
        {
            var row = resident.Market.TryFind(history.Stock.BseCode, out var found) ? found : -1;
            for (var back = 0; back < 3; back++)
            {
                var date = resident.Newest.AddDays(-back);
                var has = resident.Market.TryCompute(row, date, values);
                var outcome = resident.Outcome(history.Stock, date);
                (outcome.Features is not null).ShouldBe(has);
                if (has)
                {
                    MarketFeaturesTests.Bits(outcome.Features!.Values).ShouldBe(MarketFeaturesTests.Bits(values));
                    answered++;
                }
            }
        }

        answered.ShouldBeGreaterThan(10);
    }

    static async Task<StocksHost> StartAsync(int stocks)
    {
        var host = await StocksHost.OverSampleAsync(stocks, 60);
        await host.SwitchAsync("feature-panel", true);
        await host.Service<FeaturePanel>().WhenLoaded();
        return host;
    }

    /// <summary>A request meets the stale market; what it begins is waited for.</summary>
    static async Task SettleAsync(StocksHost host)
    {
        await host.AnswerAsync("/api/v1/predict", $$"""{"bse_code":"500000","prediction_date":"{{Day}}"}""");
        await host.Service<FeaturePanel>().WhenLoaded();
    }

    static async Task ShouldEqualAFreshLoadAsync(StocksHost host, ResidentMarket resident)
    {
        var fresh = await MarketFeatures.LoadAsync(host.Database, null, packed: false, default);
        Bars(resident.Market.Prices).ShouldBe(Bars(fresh.Prices));
        resident.Market.Histories.Values.Select(h => h.Stock).OrderBy(s => s.BseCode).ShouldBe(fresh.Histories.Values.Select(h => h.Stock).OrderBy(s => s.BseCode));
        var table = fresh.Compute(resident.Newest, 1);
        resident.Newest.DayNumber.ShouldBe(Bars(fresh.Prices).Max(b => b.Day));
        resident.Table.Codes.ShouldBe(table.Codes);
        for (var row = 0; row < table.Codes.Count; row++)
        {
            resident.Table.Has(row).ShouldBe(table.Has(row), table.Codes[row]);
            MarketFeaturesTests.Bits(resident.Table[row]).ShouldBe(MarketFeaturesTests.Bits(table[row]), table.Codes[row]);
        }
    }

    static List<StockBar> Bars(PricePanel panel) =>
        [.. panel.Codes.SelectMany((_, row) => Enumerable.Range(0, panel.Bars.Counts[row]).Select(i => panel.Bar(row, i)))];

    static async Task<List<string>> SymbolsAsync(Database database)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.Command($"SELECT nse_symbol FROM {StocksSchema.Stocks} WHERE nse_symbol IS NOT NULL ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        var symbols = new List<string>();
        while (await reader.ReadAsync())
        {
            symbols.Add(reader.GetString(0));
        }

        return symbols;
    }

    /// <summary>Days are counted from the sample's last.</summary>
    async Task ImportAsync(Database database, string symbol, (int Day, double Close)[] bars)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName;
        var last = DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(
            Path.Combine(folder, symbol + ".csv"),
            bars.Select(b => FormattableString.Invariant($"{last.AddDays(b.Day):yyyy-MM-dd},{b.Close:F2},{b.Close + 1:F2},{b.Close - 1:F2},{b.Close:F2},{1000 + b.Day},0")).Prepend("timestamp,open,high,low,close,volume,oi"));
        await new PriceImporter(database).ImportAsync(folder, new Dictionary<string, CompanyInfo>(), null, default);
    }
}
