using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;
using Fettle.Testing;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The service with both tiers, over a real Redis.</summary>
[Trait("Category", "Slow")]
public sealed class SecondTierTests
{
    const string Path = "/api/v1/predict";
    const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30"}""";

    /// <summary>A read of predictions that misses its budget may still find features.</summary>
    const string Prediction = "fettle-predictions; hit";

    static StocksOptions Options(string folder, RedisServer? redis, string file = "s.db") => new()
    {
        Database = DatabaseAddress.Parse("sqlite:" + System.IO.Path.Combine(folder, file)),
        ModelsFolder = Directory.Exists(System.IO.Path.Combine(folder, "models")) ? System.IO.Path.Combine(folder, "models") : StocksHost.CopyModels(folder),
        Redis = redis is null ? null : $"redis://fettle:fettle-change-me@127.0.0.1:{redis.Port}",
    };

    static async Task<StocksHost> StartAsync(StocksOptions options, string? folder = null)
    {
        var host = await StocksHost.StartAsync(options, folder);
        if (options.Redis is not null)
        {
            var cache = host.Service<Fettle.Caching.FettleCache>();
            await Eventually.IsTrueAsync(() => cache.IsSecondTierUsable, "the second tier is usable");
        }

        await host.SwitchAsync("prediction-cache", true);
        await host.SwitchAsync("feature-cache", true);
        return host;
    }

    static string Layer((int Status, JsonNode? Body, HttpResponseMessage Response) answer) => answer.Response.Headers.GetValues("Cache-Status").Single();

    static async Task<string> StatusAsync(StocksHost host, string body = Body) => (await host.PostAsync(Path, body)).Response.Headers.GetValues("X-Cache-Status").Single();

    [RequiresRedisFact]
    public async Task SecondInstance_HitsWhatTheFirstMade_AndSeesAWriteAtOnceOnItsOwnNode()
    {
        await using var redis = await RedisServer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(System.IO.Path.Combine(folder, "s.db"), 10, 120);
        await using var first = await StartAsync(Options(folder, redis), folder);
        await using var second = await StartAsync(Options(folder, redis));

        (await StatusAsync(first)).ShouldBe("MISS");
        (await StatusAsync(first)).ShouldBe("HIT");

        // On a busy machine single calls may miss the budget of 40 ms; each attempt asks something new.
        var travelled = false;
        for (var attempt = 0; attempt < 400 && !travelled; attempt++)
        {
            var body = $$"""{"bse_code":"{{500_000 + (7 * (attempt % 10))}}","prediction_date":"2025-{{8 + (attempt / 10 / 28 % 2):00}}-{{1 + (attempt / 10 % 28):00}}"}""";
            await StatusAsync(first, body);
            travelled = Layer(await second.PostAsync(Path, body)) == Prediction;
        }

        travelled.ShouldBeTrue("what the first made is a hit on the second");
        (await second.AnswerAsync(Path, Body)).ShouldBe(await first.AnswerAsync(Path, Body));

        var before = await second.AnswerAsync(Path, Body);
        await using (var connection = await second.Database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET close = close * 1.2 WHERE bse_code = '500007' AND date = '2025-09-30'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        (await StatusAsync(second)).ShouldBe("MISS");
        var withFeatures = """{"bse_code":"500007","prediction_date":"2025-09-30","include_features":true}""";
        (await second.AnswerAsync(Path, withFeatures)).ShouldNotBe(before);

        var statistics = JsonNode.Parse(await second.Admin.GetStringAsync("/fettle/cache"))!;
        var predictions = statistics["categories"]!.AsArray().Single(c => (string?)c!["name"] == StocksCaches.PredictionsName)!;
        ((long)predictions["secondTier"]!["hits"]!).ShouldBeGreaterThan(0);
        ((long)predictions["hits"]!).ShouldBeGreaterThan(0);
        var tier = statistics["secondTier"]!["tier"]!;
        ((bool)tier["connected"]!).ShouldBeTrue();
        ((long)tier["keys"]!).ShouldBeGreaterThan(0);
        ((long)tier["usedMemoryBytes"]!).ShouldBeGreaterThan(0);
        (await second.Client.GetStringAsync("/metrics?format=prometheus")).ShouldContain("cache_hit_rate_percent");
    }

    [RequiresRedisFact]
    public async Task Batch_ReadsWhatTheFirstMadeWithOneCommand()
    {
        await using var redis = await RedisServer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(System.IO.Path.Combine(folder, "s.db"), 10, 120);
        await using var first = await StartAsync(Options(folder, redis), folder);
        await using var second = await StartAsync(Options(folder, redis));
        await first.SwitchAsync("batched-loading", true);
        await second.SwitchAsync("batched-loading", true);
        await using var counting = await Fettle.Redis.RedisConnection.ConnectAsync(Fettle.Redis.RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}"));

        // On a busy machine single calls may miss the budget of 40 ms; each attempt asks something new.
        var (travelled, reads) = (false, "");
        for (var attempt = 0; attempt < 100 && !travelled; attempt++)
        {
            var items = string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"bse_code":"{{500_000 + (7 * i)}}","prediction_date":"2025-{{8 + (attempt / 28 % 2):00}}-{{1 + (attempt % 28):00}}"}"""));
            var batch = $$"""{"predictions":[{{items}}]}""";
            await first.PostAsync("/api/v1/batch_predict", batch);
            await counting.ExecuteAsync("CONFIG", "RESETSTAT");
            travelled = Layer(await second.PostAsync("/api/v1/batch_predict", batch)) == Prediction;
            reads = (await counting.ExecuteAsync("INFO", "commandstats")).AsText()!;
        }

        travelled.ShouldBeTrue("what the first made is a hit on the second");
        reads.ShouldContain("cmdstat_mget:calls=1,");
        reads.ShouldNotContain("cmdstat_get:");
    }

    [RequiresRedisFact]
    public async Task OtherDatabaseOnTheSameRedis_SharesNothing()
    {
        await using var redis = await RedisServer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(System.IO.Path.Combine(folder, "s.db"), 10, 120);
        StocksHost.Write(System.IO.Path.Combine(folder, "t.db"), 10, 120, seed: 2);
        await using var first = await StartAsync(Options(folder, redis), folder);
        await using var other = await StartAsync(Options(folder, redis, "t.db"));

        (await StatusAsync(first)).ShouldBe("MISS");
        (await StatusAsync(other)).ShouldBe("MISS");
    }

    [RequiresRedisFact]
    public async Task RedisGone_TheServiceAnswersAndIsReadyButDegraded_AndRecovers()
    {
        await using var redis = await RedisServer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(System.IO.Path.Combine(folder, "s.db"), 10, 120);
        await using var host = await StartAsync(Options(folder, redis), folder);
        await StatusAsync(host);
        await redis.KillAsync();

        var cache = host.Service<Fettle.Caching.FettleCache>();
        await Eventually.IsTrueAsync(() => !cache.IsSecondTierUsable, "the outage is noticed");
        (await host.PostAsync(Path, Body)).Status.ShouldBe(200);
        var ready = await host.Client.GetAsync("/readyz");
        ((int)ready.StatusCode).ShouldBe(200);
        (await ready.Content.ReadAsStringAsync()).ShouldBe("degraded");
        var statistics = JsonNode.Parse(await host.Admin.GetStringAsync("/fettle/cache"))!;
        ((bool)statistics["secondTier"]!["isUsable"]!).ShouldBeFalse();

        await redis.RestartAsync(empty: true);
        await Eventually.IsTrueAsync(() => cache.IsSecondTierUsable, "Redis is used again");
        (await host.Client.GetStringAsync("/readyz")).ShouldBe("ready");
    }

    [Fact]
    public async Task DifferentQuestions_NeverGetEachOthersAnswers()
    {
        await using var host = await StocksHost.OverSampleAsync(15);
        var bodies = Enumerable.Range(0, 15).Select(i => 500_000 + (7 * i)).SelectMany(code => (string[])
        [
            $$"""{"bse_code":"{{code}}","prediction_date":"2025-09-30"}""",
            $$"""{"bse_code":"{{code}}","prediction_date":"2025-09-29","include_features":true}""",
            $$"""{"bse_code":"{{code}}","prediction_date":"2025-09-30","include_contributions":true}""",
        ]).ToArray();
        var expected = new Dictionary<string, string>();
        foreach (var body in bodies)
        {
            expected[body] = await host.AnswerAsync(Path, body);
        }

        await host.SwitchAsync("prediction-cache", true);
        await host.SwitchAsync("feature-cache", true);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async user =>
        {
            var random = new Random(user);
            for (var i = 0; i < 40; i++)
            {
                var body = bodies[random.Next(bodies.Length)];
                (await host.AnswerAsync(Path, body)).ShouldBe(expected[body]);
            }
        }));
    }

    [Fact]
    public async Task Warming_LoadsWhatWasPopularForTheDataOfNow_AndTheServiceIsReadyAfterIt()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        StocksHost.Write(System.IO.Path.Combine(folder, "s.db"), 30, 120);
        var popularity = System.IO.Path.Combine(folder, "popular.json");
        await using (var host = await StartAsync(Options(folder, null) with { PopularityFile = popularity }))
        {
            for (var i = 0; i < 40; i++)
            {
                await StatusAsync(host, """{"bse_code":"500014","prediction_date":"2025-08-29"}""");
            }
        }

        File.ReadAllText(popularity).ShouldContain("500014");
        var switches = System.IO.Path.Combine(folder, "switches.json");
        File.WriteAllText(switches, """{"schema":"fettle.switches/1","switches":[{"name":"prediction-cache","on":true},{"name":"feature-cache","on":true}]}""");
        await using var warmed = await StocksHost.StartAsync(Options(folder, null) with { PopularityFile = popularity, Warm = true, SwitchesFile = switches }, folder);
        var schedule = warmed.Service<Fettle.Caching.WarmingSchedule>();
        await Eventually.IsTrueAsync(() => schedule.IsWarm, "warmed");

        (await warmed.Client.GetAsync("/readyz")).EnsureSuccessStatusCode();
        (await StatusAsync(warmed, """{"bse_code":"500014","prediction_date":"2025-08-29"}""")).ShouldBe("HIT");
        (await StatusAsync(warmed)).ShouldBe("HIT", "the largest stocks of the newest day are warm too");
    }

    [Fact]
    public async Task WarmingWithTheSwitchOff_SaysWhatToDo()
    {
        await using var host = await StocksHost.OverSampleAsync(5);
        var answer = JsonNode.Parse(await (await host.Admin.PostAsync("/fettle/cache/warm?mode=predictions", null)).Content.ReadAsStringAsync())!;
        ((int)answer["errors"]!).ShouldBe(5);
        ((string)answer["firstError"]!).ShouldContain("prediction-cache is off");
    }
}
