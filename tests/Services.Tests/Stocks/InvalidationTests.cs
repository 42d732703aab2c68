using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Forests;
using Fettle.Services.Stocks.Importing;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Schema;
using Fettle.Testing;

namespace Fettle.Services.Tests.Stocks;

/// <summary>What new prices and a new model make invalid, and what they leave alone; seen over HTTP.</summary>
[Trait("Category", "Slow")]
public sealed class InvalidationTests : IDisposable
{
    const string Path = "/api/v1/predict";
    const string Day = "2025-09-30";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-prices-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("prediction-cache")]
    [InlineData("feature-cache")]
    public async Task NewPricesOfOneStock_InvalidateItsValuesAndNoOthers(string cache)
    {
        await using var host = await StocksHost.OverSampleAsync(12);
        await host.SwitchAsync(cache, true);
        var stocks = await NamesAsync(host.Database);
        var (code, symbol) = stocks.First(s => s.Symbol is not null);
        string[] bodies = [.. stocks.Select(s => ByCode(s.Code)), BySymbol(symbol!)];
        await AskAllAsync(host, bodies);
        (await AskAllAsync(host, bodies)).ShouldAllBe(s => s == "HIT");
        var before = await host.AnswerAsync(Path, ByCode(code));

        await ImportAsync(host.Database, symbol!, 3.25);

        var expected = bodies.Select(b => b == ByCode(code) || b == BySymbol(symbol!) ? "MISS" : "HIT").ToArray();
        (await AskAllAsync(host, bodies)).ShouldBe(expected);
        (await host.AnswerAsync(Path, ByCode(code))).ShouldNotBe(before, "read after write");
        (await host.AnswerAsync(Path, BySymbol(symbol!))).ShouldNotBe(before);
        (await AskAllAsync(host, bodies)).ShouldAllBe(s => s == "HIT");

        await ImportAsync(host.Database, symbol!, 3.25);
        (await AskAllAsync(host, bodies)).ShouldAllBe(s => s == "HIT", "an import that changes nothing");
        await ImportAsync(host.Database, "BRANDNEW", 10);
        (await AskAllAsync(host, bodies)).ShouldAllBe(s => s == "HIT", "a stock that is new");
        (await host.PostAsync(Path, BySymbol("BRANDNEW"))).Status.ShouldBe(422, "it is known, and has one bar");
    }

    [Fact]
    public async Task WriteThatDoesNotSayWhichStocks_InvalidatesAll_AndTheNextImportOneAgain()
    {
        await using var host = await StocksHost.OverSampleAsync(8);
        await host.SwitchAsync("prediction-cache", true);
        var stocks = await NamesAsync(host.Database);
        string[] bodies = [.. stocks.Select(s => ByCode(s.Code))];
        await AskAllAsync(host, bodies);
        await using (var connection = await host.Database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET close = close * 1.01 WHERE bse_code = '{stocks[0].Code}' AND date = '{Day}'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        (await AskAllAsync(host, bodies)).ShouldAllBe(s => s == "MISS");
        var (code, symbol) = stocks.First(s => s.Symbol is not null);
        await ImportAsync(host.Database, symbol!, 4.5);
        (await AskAllAsync(host, bodies)).ShouldBe(bodies.Select(b => b == ByCode(code) ? "MISS" : "HIT"));
    }

    [Fact]
    public async Task OtherProcessImports_TheStockIsFreshWithinTheBound_AndTheOthersStay()
    {
        await using var host = await StocksHost.OverSampleAsync(8);
        await host.SwitchAsync("prediction-cache", true);
        var stocks = await NamesAsync(host.Database);
        var (code, symbol) = stocks.First(s => s.Symbol is not null);
        string[] others = [.. stocks.Where(s => s.Code != code).Select(s => ByCode(s.Code))];
        await AskAllAsync(host, others);
        var before = await host.AnswerAsync(Path, ByCode(code));
        await using (var other = Database.Open(host.Database.Address))
        {
            await ImportAsync(other, symbol!, 5.75);
        }

        while (await host.AnswerAsync(Path, ByCode(code)) == before)
        {
            await Task.Yield();
        }

        (await AskAllAsync(host, others)).ShouldAllBe(s => s == "HIT");
    }

    [Fact]
    public async Task NewModel_InvalidatesPredictionsAndNothingElse_EvenUnderTheSameName()
    {
        await using var host = await StocksHost.OverSampleAsync(6);
        await host.SwitchAsync("prediction-cache", true);
        await host.SwitchAsync("feature-cache", true);
        var body = ByCode((await NamesAsync(host.Database))[0].Code);
        (await LayerAsync(host, body)).ShouldBe("fettle; fwd=miss");
        (await LayerAsync(host, body)).ShouldBe("fettle-predictions; hit");

        var registry = host.Service<ServingModels>().Registry;
        var other = System.IO.Path.Combine(_folder, "model");
        var original = System.IO.Path.Combine(AppContext.BaseDirectory, "stocks", "models", "upper-circuit", "1.0.0", "model");
        File.WriteAllText(other, File.ReadAllText(original) + "\n");
        registry.Add("2.0.0", other);
        (await host.Admin.PostAsync("/api/v1/models/rollback?version=2.0.0", null)).EnsureSuccessStatusCode();
        (await LayerAsync(host, body)).ShouldBe("fettle-features; hit");
        (await LayerAsync(host, body)).ShouldBe("fettle-predictions; hit");
        (await host.Admin.PostAsync("/api/v1/models/rollback?version=1.0.0", null)).EnsureSuccessStatusCode();
        (await LayerAsync(host, body)).ShouldBe("fettle-predictions; hit", "the model of before has its predictions still");

        Directory.Delete(System.IO.Path.Combine(host.Models, "upper-circuit", "1.0.0"), recursive: true);
        registry.Add("1.0.0", other);
        (await host.Admin.PostAsync("/api/v1/models/reload", null)).EnsureSuccessStatusCode();
        (await LayerAsync(host, body)).ShouldBe("fettle-features; hit", "another file under the same name is another model");
    }

    [Fact]
    public async Task Counters_MoveWithWhatTheAnswersSay()
    {
        await using var host = await StocksHost.OverSampleAsync(6);
        await host.SwitchAsync("prediction-cache", true);
        var bodies = (await NamesAsync(host.Database)).Select(s => ByCode(s.Code)).ToArray();
        var told = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            told.AddRange(await AskAllAsync(host, bodies));
        }

        told.Count(s => s == "MISS").ShouldBe(bodies.Length);
        var statistics = JsonNode.Parse(await host.Admin.GetStringAsync("/fettle/cache"))!;
        var predictions = statistics["categories"]!.AsArray().Single(c => (string?)c!["name"] == "predictions")!;
        ((int)predictions["hits"]!).ShouldBe(told.Count(s => s == "HIT"));
        ((int)predictions["misses"]!["cold"]!).ShouldBe(told.Count(s => s == "MISS"));
        (await host.Client.GetStringAsync("/metrics?format=prometheus")).ShouldContain("cache_hit_rate_percent");
    }

    [Fact]
    public async Task Batch_HitsWhatSinglesMade_AndTheOtherWayRound_WithRefusalsNeverKept()
    {
        await using var host = await StocksHost.OverSampleAsync(8);
        foreach (var name in new[] { "prediction-cache", "feature-cache", "batched-loading" })
        {
            await host.SwitchAsync(name, true);
        }

        var codes = (await NamesAsync(host.Database)).Select(s => s.Code).ToArray();
        await host.PostAsync(Path, ByCode(codes[0]));
        string Batch(params string[] items) => $$"""{"predictions":[{{string.Join(',', items)}}]}""";
        var mixed = Batch(ByCode(codes[0]), ByCode(codes[1]), ByCode("499999"), ByCode(codes[1]), """{"bse_code":"x"}""");
        for (var round = 0; round < 2; round++)
        {
            var (status, answers, _) = await host.PostAsync("/api/v1/batch_predict", mixed);
            status.ShouldBe(200);
            answers!.AsArray().Select(a => (int?)a!["error"]?["status"] ?? 200).ShouldBe([200, 200, 404, 200, 400]);
            answers[1]!.ToJsonString().ShouldBe(answers[3]!.ToJsonString());
        }

        (await StatusAsync(host, "/api/v1/batch_predict", Batch(ByCode(codes[0]), ByCode(codes[1])))).ShouldBe("HIT");
        (await StatusAsync(host, "/api/v1/batch_predict", Batch(ByCode(codes[0]), ByCode(codes[2])))).ShouldBe("MISS");
        (await StatusAsync(host, Path, ByCode(codes[2]))).ShouldBe("HIT");
    }

    [Fact]
    public async Task AutoTimeToLive_RisesWhileNothingChanges_AndTheSwitchTurnsItOff()
    {
        await using var host = await StocksHost.OverSampleAsync(5);
        await host.SwitchAsync("feature-cache", true);
        await host.SwitchAsync("prediction-cache", true);
        (await LifeAsync(host, "features")).ShouldBe(TimeSpan.FromMinutes(5));
        (await LifeAsync(host, "predictions")).ShouldBe(TimeSpan.FromHours(1));
        await host.SwitchAsync("auto-ttl", true);
        var bodies = (await NamesAsync(host.Database)).Select(s => ByCode(s.Code)).ToArray();
        for (var round = 0; round < 100 && (await LifeAsync(host, "features") < TimeSpan.FromHours(24) || await LifeAsync(host, "predictions") < TimeSpan.FromHours(24)); round++)
        {
            await AskAllAsync(host, bodies);
            (await host.Admin.DeleteAsync("/fettle/cache")).EnsureSuccessStatusCode();
        }

        (await LifeAsync(host, "features")).ShouldBe(TimeSpan.FromHours(24));
        (await LifeAsync(host, "predictions")).ShouldBe(TimeSpan.FromHours(24), "the moment of the computation is no change");
        await host.SwitchAsync("auto-ttl", false);
        (await LifeAsync(host, "features")).ShouldBe(TimeSpan.FromMinutes(5));
    }

    static async Task<TimeSpan> LifeAsync(StocksHost host, string category)
    {
        var statistics = JsonNode.Parse(await host.Admin.GetStringAsync("/fettle/cache"))!;
        return TimeSpan.FromMilliseconds((double)statistics["categories"]!.AsArray().Single(c => (string?)c!["name"] == category)!["timeToLiveMilliseconds"]!);
    }

    static string ByCode(string code) => $$"""{"bse_code":"{{code}}","prediction_date":"{{Day}}","include_features":true}""";

    static string BySymbol(string symbol) => $$"""{"nse_symbol":"{{symbol}}","prediction_date":"{{Day}}","include_features":true}""";

    static async Task<string> StatusAsync(StocksHost host, string path, string body) => (await host.PostAsync(path, body)).Response.Headers.GetValues("X-Cache-Status").Single();

    static async Task<string> LayerAsync(StocksHost host, string body) => (await host.PostAsync(Path, body)).Response.Headers.GetValues("Cache-Status").Single();

    static async Task<List<string>> AskAllAsync(StocksHost host, string[] bodies)
    {
        var told = new List<string>();
        foreach (var body in bodies)
        {
            told.Add(await StatusAsync(host, Path, body));
        }

        return told;
    }

    /// <summary>New prices as they come: a file of the exchange's day.</summary>
    async Task ImportAsync(Database database, string symbol, double close)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName;
        File.WriteAllText(
            System.IO.Path.Combine(folder, symbol + ".csv"),
            string.Create(CultureInfo.InvariantCulture, $"timestamp,open,high,low,close,volume,oi\n{Day},{close},{close + 1},{close - 1},{close},12345,0\n"));
        await new PriceImporter(database).ImportAsync(folder, new Dictionary<string, CompanyInfo>(), null, default);
    }

    static async Task<List<(string Code, string? Symbol)>> NamesAsync(Database database)
    {
        await using var connection = await database.OpenReadAsync();
        // Late listings have too few bars for a prediction.
        await using var command = connection.Command(
            $"SELECT bse_code, nse_symbol FROM {StocksSchema.Stocks} s WHERE (SELECT COUNT(*) FROM {StocksSchema.Prices} p WHERE p.bse_code = s.bse_code) >= 35 ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<(string, string?)>();
        while (await reader.ReadAsync())
        {
            names.Add((reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
        }

        return names;
    }
}
