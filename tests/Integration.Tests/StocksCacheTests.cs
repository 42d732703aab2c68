using System.Net.Http.Headers;
using System.Text;
using Fettle.Testing;

namespace Fettle.Integration.Tests;

/// <summary>The caches of a served Stocks as an operator meets them; its Redis never was there.</summary>
[Trait("Category", "Slow")]
public sealed class StocksCacheTests(StocksCacheTests.ServedWithoutItsRedis served) : IClassFixture<StocksCacheTests.ServedWithoutItsRedis>
{
    [Fact]
    public async Task RedisThatNeverWasThere_IsSaidOnceAtTheStart_ThoughNoCacheIsOn()
    {
        await Eventually.IsTrueAsync(() => served.Server.Said.Any(Unavailable), "the outage is said");
        using var client = served.Client();
        (await client.GetStringAsync("/readyz")).ShouldBe("degraded");
        served.Server.Said.Count(Unavailable).ShouldBe(1);
    }

    [Fact]
    public async Task WarmedKeys_AreAnsweredFromMemory_AndTheReportShowsColdAgainstWarmed()
    {
        using var client = served.Client();
        foreach (var name in new[] { "feature-cache", "prediction-cache" })
        {
            (await client.PutAsync("/fettle/switches/" + name, new StringContent("""{"on":true}""", Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        }

        string[] target = ["--url", served.Server.Url, "--token", StocksServer.Token];
        var warm = await ProgramRun.InProcessAsync(["cache", "warm", "--mode", "predictions", "--limit", "30", .. target]);
        warm.Code.ShouldBe(0, warm.Errors);
        warm.Output.ShouldContain(" keys warmed in ");

        var answers = new List<string>();
        for (var i = 0; i < ServedWithoutItsRedis.Stocks && !answers.Contains("HIT"); i++)
        {
            var body = $$"""{"bse_code":"{{500_000 + (7 * i)}}","prediction_date":"2025-09-30"}""";
            using var answer = await client.PostAsync("/api/v1/predict", new StringContent(body, Encoding.UTF8, "application/json"));
            answers.Add(answer.Headers.TryGetValues("X-Cache-Status", out var status) ? status.Single() : $"{answer.StatusCode}");
        }

        answers.ShouldContain("HIT", warm.Output + warm.Errors);
        var stats = await ProgramRun.InProcessAsync(["cache", "stats", .. target]);
        stats.Output.ShouldContain("after warming predictions, first ");
        stats.Output.ShouldContain(", cold 0.00 %, 1 of ");
    }

    static bool Unavailable(string line) => line.Contains("Redis unavailable, using in-memory cache only", StringComparison.Ordinal);

    public sealed class ServedWithoutItsRedis : IAsyncLifetime
    {
        public const int Stocks = 40;
        readonly string _folder = Directory.CreateTempSubdirectory("fettle-caches-").FullName;

        internal StocksServer Server { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            var file = Path.Combine(_folder, "s.db");
            await StocksServer.SampleAsync(file, Stocks, 110);
            Server = await StocksServer.StartAsync(file, "--redis", $"redis://127.0.0.1:{RedisServer.FreePort()}");
        }

        public HttpClient Client()
        {
            var client = new HttpClient { BaseAddress = new Uri(Server.Url) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", StocksServer.Token);
            return client;
        }

        public async Task DisposeAsync()
        {
            await Server.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
