using System.Text;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

[Trait("Category", "Slow")]
public sealed class SwitchTests
{
    const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30","include_features":true}""";
    static readonly string[] Names = ["connection-pooling", "feature-cache", "prediction-cache", "batched-loading", "auto-ttl", "feature-panel", "packed-series", "compiled-forest", "answer-cache", "query-cache", "cache-warming", "static-assets"];

    [Fact]
    public async Task EverySwitch_LeavesEveryAnswerAsItWas()
    {
        await using var host = await StocksHost.OverSampleAsync(60);
        var requests = Requests();
        var expected = await AnswersAsync(host, requests);
        foreach (var name in Names.Append("all"))
        {
            foreach (var on in name == "all" ? Names : [name])
            {
                await host.SwitchAsync(on, true);
            }

            await host.Service<FeaturePanel>().WhenLoaded();
            (await AnswersAsync(host, requests)).ShouldBe(expected, name);
            (await AnswersAsync(host, requests)).ShouldBe(expected, name + ", warm");
            if (name != "all")
            {
                await host.SwitchAsync(name, false);
            }
        }
    }

    [Theory]
    [InlineData("prediction-cache")]
    [InlineData("feature-cache")]
    [InlineData("answer-cache")]
    public async Task Cache_MissesThenHits_AndNewDataIsAMiss(string name)
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync(name, true);

        (await StatusAsync(host)).ShouldBe("MISS");
        (await StatusAsync(host)).ShouldBe("HIT");

        var before = await host.AnswerAsync("/api/v1/predict", Body);
        await using (var connection = await host.Database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET close = close * 1.01 WHERE bse_code = '500007' AND date = '2025-09-30'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        (await StatusAsync(host)).ShouldBe("MISS");
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldNotBe(before);
    }

    [Fact]
    public async Task CacheClear_SaysHowManyEntriesWent()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("prediction-cache", true);
        await StatusAsync(host);

        var cleared = await host.Admin.PostAsync("/api/v1/cache/clear?type=predictions", null);
        (await cleared.Content.ReadAsStringAsync()).ShouldContain("\"predictions\":{\"memory\":1,");
        (await StatusAsync(host)).ShouldBe("MISS");
        ((int)(await host.Admin.PostAsync("/api/v1/cache/clear?type=colour", null)).StatusCode).ShouldBe(400);
        await host.SwitchAsync("prediction-cache", false);
        await host.SwitchAsync("query-cache", true);
        await StatusAsync(host);
        cleared = await host.Admin.PostAsync("/api/v1/cache/clear?type=queries", null);
        (await cleared.Content.ReadAsStringAsync()).ShouldContain("\"queries\":{\"memory\":5,");
    }

    [Fact]
    public async Task ModelRollback_ServesAnotherVersionAndLeavesCachedPredictionsBehind()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("prediction-cache", true);
        await StatusAsync(host);
        var registry = host.Service<Fettle.Services.Stocks.Models.ServingModels>().Registry;
        registry.Add("2.0.0", Path.Combine(AppContext.BaseDirectory, "stocks", "models", "upper-circuit", "1.0.0", "model"));

        (await host.Admin.PostAsync("/api/v1/models/rollback?version=2.0.0", null)).EnsureSuccessStatusCode();
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldContain("\"model_version\":\"2.0.0\"");
        (await host.Admin.PostAsync("/api/v1/models/rollback", null)).EnsureSuccessStatusCode();
        (await StatusAsync(host)).ShouldBe("HIT");
        ((int)(await host.Admin.PostAsync("/api/v1/models/rollback?version=9", null)).StatusCode).ShouldBe(404);
    }

    [Fact]
    public async Task NoModel_Is503EverywhereItMatters()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(Path.Combine(folder, "s.db"), 3, 60);
        await using var host = await StocksHost.StartAsync(
            new Fettle.Services.Stocks.Serving.StocksOptions { Database = Fettle.Databases.DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "s.db")), ModelsFolder = Path.Combine(folder, "none") }, folder);

        (await host.PostAsync("/api/v1/predict", Body)).Status.ShouldBe(503);
        ((int)(await host.Client.GetAsync("/api/v1/health")).StatusCode).ShouldBe(503);
        ((int)(await host.Client.GetAsync("/readyz")).StatusCode).ShouldBe(503);
    }

    [Fact]
    public async Task RateLimit_AnswersWith429AndRetryAfter()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(Path.Combine(folder, "s.db"), 3, 60);
        var options = new Fettle.Services.Stocks.Serving.StocksOptions
        {
            Database = Fettle.Databases.DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, "s.db")), ModelsFolder = StocksHost.CopyModels(folder), LimitLoopback = true, SinglePerSecond = 1,
        };
        await using var host = await StocksHost.StartAsync(options, folder);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Client.PostAsync("/api/v1/predict", new StringContent(Body, Encoding.UTF8, "application/json"))));
        var refused = answers.First(a => (int)a.StatusCode == 429);
        refused.Headers.RetryAfter.ShouldNotBeNull();
        answers.ShouldContain(a => (int)a.StatusCode == 200);
    }

    /// <summary>An answer to GET without the one member that may differ.</summary>
    static async Task<string> ReadAsync(StocksHost host, string path)
    {
        using var response = await host.Client.GetAsync(path);
        var answer = System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        answer.AsObject().Remove("traceId");
        return $"{(int)response.StatusCode} {answer.ToJsonString()}";
    }

    static async Task<string> StatusAsync(StocksHost host) => (await host.PostAsync("/api/v1/predict", Body)).Response.Headers.GetValues("X-Cache-Status").Single();

    static List<(string Path, string Body)> Requests()
    {
        var requests = new List<(string, string)>();
        for (var i = 0; i < 60; i += 8)
        {
            requests.Add(("/api/v1/predict", $$"""{"bse_code":"{{500_000 + 7 * i}}","prediction_date":"2025-0{{7 + i % 3}}-15","include_features":true,"include_contributions":true}"""));
        }

        var items = string.Join(',', Enumerable.Range(0, 30).Select(i => $$"""{"bse_code":"{{500_000 + 7 * i + (i % 9 == 8 ? 1 : 0)}}","prediction_date":"2025-0{{6 + i % 4}}-20","include_features":true}"""));
        requests.Add(("/api/v1/batch_predict", $$"""{"predictions":[{{items}}]}"""));
        requests.Add(("/api/v1/stocks?q=5000&limit=20", ""));
        requests.Add(("/api/v1/stocks/500007/prices?days=30", ""));
        requests.Add(("/api/v1/stocks/999999/prices", ""));
        return requests;
    }

    static async Task<List<string>> AnswersAsync(StocksHost host, List<(string Path, string Body)> requests)
    {
        var answers = new List<string>();
        foreach (var (path, body) in requests)
        {
            answers.Add(body.Length > 0 ? await host.AnswerAsync(path, body) : await ReadAsync(host, path));
        }

        return answers;
    }
}
