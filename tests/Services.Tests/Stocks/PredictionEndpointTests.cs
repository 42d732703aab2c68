using System.Text.Json.Nodes;
using Fettle.Services.Stocks.Features;

namespace Fettle.Services.Tests.Stocks;

public sealed class PredictionEndpointTests(StocksFixture fixture) : IClassFixture<StocksFixture>
{
    const string Path = "/api/v1/predict";
    readonly StocksHost _host = fixture.Host;

    [Fact]
    public async Task KnownStock_IsPredictedWithFeaturesAndContributionsThatSumToTheMargin()
    {
        var (status, body, response) = await _host.PostAsync(Path, """{"bse_code":"500007","prediction_date":"2025-09-30","include_features":true,"include_contributions":true}""");

        status.ShouldBe(200);
        body!["bse_code"]!.GetValue<string>().ShouldBe("500007");
        body["model_version"]!.GetValue<string>().ShouldBe("1.0.0");
        body["features"]!.AsObject().Select(f => f.Key).ShouldBe(FeatureNames.All);
        var contributions = body["contributions"]!;
        var sum = contributions["values"]!.AsObject().Sum(c => c.Value!.GetValue<double>());
        var margin = contributions["margin"]!.GetValue<double>();
        sum.ShouldBe(margin - contributions["base_value"]!.GetValue<double>(), 1e-5);
        body["probability"]!.GetValue<double>().ShouldBe(1 / (1 + Math.Exp(-margin)), 1e-6);
        response.Headers.GetValues("X-Cache-Status").ShouldBe(["MISS"]);
    }

    [Fact]
    public async Task SymbolAlone_FindsTheSameStock()
    {
        var byCode = await _host.AnswerAsync(Path, """{"bse_code":"500007","prediction_date":"2025-09-30"}""");
        var symbol = JsonNode.Parse(byCode)!["nse_symbol"]!.GetValue<string>();

        (await _host.AnswerAsync(Path, $$"""{"nse_symbol":"{{symbol}}","prediction_date":"2025-09-30"}""")).ShouldBe(byCode);
    }

    [Theory]
    [InlineData("""{"bse_code":"50007","prediction_date":"2025-09-30"}""", 400, "invalid-bse-code")]
    [InlineData("""{"bse_code":"50000a","prediction_date":"2025-09-30"}""", 400, "invalid-bse-code")]
    [InlineData("""{"bse_code":"500007","prediction_date":"30-09-2025"}""", 400, "invalid-date")]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-02-30"}""", 400, "invalid-date")]
    [InlineData("""{"bse_code":"500007"}""", 400, "invalid-date")]
    [InlineData("""{"prediction_date":"2025-09-30"}""", 400, "missing-stock")]
    [InlineData("""{"nse_symbol":"a b","prediction_date":"2025-09-30"}""", 400, "invalid-nse-symbol")]
    [InlineData("""{"bse_code":"500007","nse_symbol":"OTHER","prediction_date":"2025-09-30"}""", 400, "stock-mismatch")]
    [InlineData("""{"bse_code":"500003","prediction_date":"2025-09-30"}""", 404, "unknown-stock")]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-04-10"}""", 422, "not-enough-history")]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-09-30","colour":1}""", 400, "invalid-body")]
    [InlineData("""{"bse_code":500007,"prediction_date":"2025-09-30"}""", 400, "invalid-body")]
    [InlineData("nonsense", 400, "invalid-body")]
    [InlineData("null", 400, "invalid-body")]
    [InlineData("", 400, "invalid-body")]
    public async Task WrongRequest_IsAProblemWithAStableType(string request, int status, string name)
    {
        var (actual, body, response) = await _host.PostAsync(Path, request);

        actual.ShouldBe(status);
        body!["type"]!.GetValue<string>().ShouldBe("urn:fettle:problem:" + name);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        body["detail"]!.GetValue<string>().ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task TooLittleHistory_SaysWhatIsMissing()
    {
        var (_, body, _) = await _host.PostAsync(Path, """{"bse_code":"500007","prediction_date":"2025-04-20"}""");

        var bars = body!["bars"]!.GetValue<int>();
        body["bars_needed"]!.GetValue<int>().ShouldBe(35);
        body["detail"]!.GetValue<string>().ShouldContain($"{35 - bars} are missing");
    }

    [Fact]
    public async Task WrongContentType_Is415()
    {
        var (status, body, _) = await _host.PostAsync(Path, "{}", "text/plain");
        status.ShouldBe(415);
        body!["detail"]!.GetValue<string>().ShouldContain("'text/plain");
    }

    [Fact]
    public async Task Batch_AnswersInOrderAndFailsItemByItem()
    {
        var (status, body, _) = await _host.PostAsync("/api/v1/batch_predict",
            """{"predictions":[{"bse_code":"500014","prediction_date":"2025-09-30"},{"bse_code":"12","prediction_date":"2025-09-30"},null,{"bse_code":"500003","prediction_date":"2025-09-30"},{"bse_code":"500007","prediction_date":"2025-09-29"}]}""");

        status.ShouldBe(200);
        var items = body!.AsArray();
        items[0]!["bse_code"]!.GetValue<string>().ShouldBe("500014");
        items[1]!["error"]!["type"]!.GetValue<string>().ShouldEndWith("invalid-bse-code");
        items[2]!["error"]!["status"]!.GetValue<int>().ShouldBe(400);
        items[3]!["error"]!["type"]!.GetValue<string>().ShouldEndWith("unknown-stock");
        items[3]!["probability"].ShouldBeNull();
        items[4]!["prediction_date"]!.GetValue<string>().ShouldBe("2025-09-29");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task BatchOfTheWrongSize_IsRefused(int count)
    {
        var item = """{"bse_code":"500007","prediction_date":"2025-09-30"}""";
        var (status, body, _) = await _host.PostAsync("/api/v1/batch_predict", $$"""{"predictions":[{{string.Join(',', Enumerable.Repeat(item, count))}}]}""");

        status.ShouldBe(400);
        body!["type"]!.GetValue<string>().ShouldBe("urn:fettle:problem:batch-size");
    }

    [Fact]
    public async Task OtherEndpoints_Answer()
    {
        foreach (var path in new[] { "/api/v1/health", "/api/v1/models", "/metrics", "/livez", "/readyz", "/openapi/v1.json" })
        {
            ((int)(await _host.Client.GetAsync(path)).StatusCode).ShouldBe(200, path);
        }

        (await _host.Client.GetStringAsync("/openapi/v1.json")).ShouldContain("/api/v1/batch_predict");
    }

    [Theory]
    [InlineData("/api/v1/models/reload")]
    [InlineData("/api/v1/models/rollback")]
    [InlineData("/api/v1/cache/clear?type=all")]
    public async Task AdminEndpointWithoutToken_IsRefused(string path) =>
        ((int)(await _host.Client.PostAsync(path, null)).StatusCode).ShouldBe(401);
}
