using Fettle.Databases;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;
using Fettle.Testing;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The switch <c>cache-warming</c>.</summary>
public sealed class WarmingSwitchTests
{
    const int Stocks = 12;

    [Fact]
    public async Task On_FillsTheCacheThatIsOnAndAgainAfterAWrite()
    {
        await using var host = await StocksHost.OverSampleAsync(Stocks);
        var kept = host.Service<StocksCaches>().Predictions;
        var day = await NewestAsync(host);
        var items = string.Join(',', Enumerable.Range(0, Stocks).Select(i => $$"""{"bse_code":"{{500_000 + 7 * i}}","prediction_date":"{{day}}"}"""));
        var answerable = (await host.AnswerAsync("/api/v1/batch_predict", $$"""{"predictions":[{{items}}]}""")).Split("\"probability\"").Length - 1;
        answerable.ShouldBeGreaterThan(Stocks / 2);
        await host.SwitchAsync("cache-warming", true);
        await host.SwitchAsync("prediction-cache", true);
        await Eventually.IsTrueAsync(() => kept.Count == answerable, "the first warming");
        (await StatusAsync(host, day)).ShouldBe("HIT");

        await using (var connection = await host.Database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET volume = volume + 1 WHERE bse_code = '500007' AND date = '{day}'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        await Eventually.IsTrueAsync(() => kept.Count == 2 * answerable, "the warming after a write that names no stock, so that all have new keys");
    }

    [Fact]
    public async Task Off_LoadsNothing()
    {
        await using var host = await StocksHost.OverSampleAsync(Stocks);
        await host.SwitchAsync("cache-warming", true);
        await host.SwitchAsync("cache-warming", false);
        await host.SwitchAsync("prediction-cache", true);
        (await StatusAsync(host, await NewestAsync(host))).ShouldBe("MISS");
        host.Service<StocksCaches>().Predictions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task ServiceThatStartsWithIt_WarmsItself()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(Path.Combine(folder, "s.db"), Stocks, 60);
        var switches = Path.Combine(folder, "switches.json");
        File.WriteAllText(switches, """{"schema":"fettle.switches/1","switches":[{"name":"feature-cache","on":true},{"name":"cache-warming","on":true}]}""");
        await using var host = await StocksHost.StartAsync(
            new StocksOptions { Database = DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "s.db")), ModelsFolder = StocksHost.CopyModels(folder), SwitchesFile = switches }, folder);
        var kept = host.Service<StocksCaches>().Features;
        await Eventually.IsTrueAsync(() => kept.Count > Stocks / 2, "the features of the stocks that have enough bars");
        (await StatusAsync(host, await NewestAsync(host))).ShouldBe("HIT");
    }

    static async Task<string> NewestAsync(StocksHost host)
    {
        await using var connection = await host.Database.OpenReadAsync();
        await using var command = connection.Command($"SELECT MAX(date) FROM {StocksSchema.Prices}");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    static async Task<string> StatusAsync(StocksHost host, string day) =>
        (await host.PostAsync("/api/v1/predict", $$"""{"bse_code":"500007","prediction_date":"{{day}}"}""")).Response.Headers.GetValues("X-Cache-Status").Single();
}
