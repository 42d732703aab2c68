using System.Text.Json.Nodes;
using Fettle.Services.Stocks.Models;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The switch <c>quantised-forest</c>: other probabilities, no further off than it declares, and never where an exact one is promised.</summary>
public sealed class QuantisedForestTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Probabilities_ChangeWithinTheDeclaredTolerance(bool compiled)
    {
        await using var host = await StocksHost.OverSampleAsync(40);
        await host.SwitchAsync("compiled-forest", compiled);
        var exact = await BatchAsync(host);
        await host.SwitchAsync("quantised-forest", true);
        var quantised = await BatchAsync(host);

        exact.Count.ShouldBe(quantised.Count);
        exact.Zip(quantised).Count(p => p.First.Probability != p.Second.Probability).ShouldBeGreaterThan(exact.Count / 2);
        foreach (var (a, b) in exact.Zip(quantised))
        {
            Math.Abs(a.Probability - b.Probability).ShouldBeLessThanOrEqualTo(ServingModels.Tolerance * a.Probability);
            b.Others.ShouldBe(a.Others);
        }

        await host.SwitchAsync("quantised-forest", false);
        (await BatchAsync(host)).ShouldBe(exact);
        var listed = JsonNode.Parse(await host.Admin.GetStringAsync("/fettle/switches/quantised-forest"))!;
        ((double)listed["tolerance"]!, (string?)listed["risk"]).ShouldBe((ServingModels.Tolerance, "high"));
    }

    [Theory]
    [InlineData("prediction-cache")]
    [InlineData("answer-cache")]
    public async Task KeptPredictions_AreThoseOfTheFormThatAnswers(string cache)
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync(cache, true);
        const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30"}""";
        var exact = await host.AnswerAsync("/api/v1/predict", Body);
        await host.SwitchAsync("quantised-forest", true);
        var quantised = await host.AnswerAsync("/api/v1/predict", Body);
        quantised.ShouldNotBe(exact);
        await host.SwitchAsync("quantised-forest", false);
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldBe(exact);
    }

    [Fact]
    public async Task Explanations_StayExact()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30","include_contributions":true}""";
        var exact = await host.AnswerAsync("/api/v1/predict", Body);
        await host.SwitchAsync("quantised-forest", true);
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldBe(exact);
    }

    static async Task<List<(double Probability, string Others)>> BatchAsync(StocksHost host)
    {
        var items = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"bse_code":"{{500_000 + 7 * i}}","prediction_date":"2025-09-30","include_features":true}"""));
        var list = JsonNode.Parse(await host.AnswerAsync("/api/v1/batch_predict", $$"""{"predictions":[{{items}}]}"""))!.AsArray();
        return [.. list.Where(i => i!["probability"] is not null).Select(i =>
        {
            var probability = (double)i!["probability"]!;
            i.AsObject().Remove("probability");
            return (probability, i.ToJsonString());
        })];
    }
}
