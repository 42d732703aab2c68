using System.Text;

namespace Fettle.Services.Tests.Stocks;

/// <summary>A sampled prediction states its phases, and its answer is the one that others get.</summary>
public sealed class PredictionTimingTests(StocksFixture fixture) : IClassFixture<StocksFixture>
{
    [Theory]
    [InlineData("/api/v1/predict", """{"bse_code":"500007","prediction_date":"2025-09-30","include_contributions":true}""")]
    [InlineData("/api/v1/batch_predict", """{"predictions":[{"bse_code":"500007","prediction_date":"2025-09-30"},{"bse_code":"500014","prediction_date":"2025-09-29"}]}""")]
    public async Task SampledRequest_NamesFeaturesModelAndSerialisation(string path, string body)
    {
        var (plain, plainText) = await SendAsync(path, body, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        plain.Headers.Contains("Server-Timing").ShouldBeFalse();
        var (sampled, text) = await SendAsync(path, body, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var phases = sampled.Headers.GetValues("Server-Timing").Single().Split(", ").Select(p => p.Split(";dur=")).ToDictionary(p => p[0], p => double.Parse(p[1], System.Globalization.CultureInfo.InvariantCulture));
        new[] { "features", "model", "serialisation", "total" }.ShouldBeSubsetOf(phases.Keys);
        (phases.Values.Sum() - phases["total"]).ShouldBeInRange(0.001, phases["total"] + 0.01);
        sampled.Content.Headers.ContentType!.ToString().ShouldBe(plain.Content.Headers.ContentType!.ToString());
        Known(text).ShouldBe(Known(plainText));
    }

    async Task<(HttpResponseMessage Response, string Text)> SendAsync(string path, string body, string parent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("traceparent", parent);
        var response = await fixture.Host.Client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (response, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Without the time of the answer.</summary>
    static string Known(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\"prediction_timestamp\":\"[^\"]*\"", "");
}
