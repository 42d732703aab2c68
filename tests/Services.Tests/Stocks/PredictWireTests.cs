using System.Text;
using System.Text.Json;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Predictions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The quick ways in and out of a prediction against the serializer that they stand for.</summary>
public sealed class PredictWireTests(StocksFixture fixture) : IClassFixture<StocksFixture>
{
    [Theory]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-09-30"}""")]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-09-30","include_features":true}""")]
    [InlineData("""{"nse_symbol":null,"bse_code":"500014","prediction_date":"2025-09-29","include_features":true,"include_contributions":true}""")]
    public async Task Answer_IsWhatTheSerializerWrites(string request)
    {
        using var content = new StringContent(request, Encoding.UTF8, "application/json");
        using var response = await fixture.Host.Client.PostAsync("/api/v1/predict", content);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var answer = JsonSerializer.Deserialize(bytes, StocksJson.Default.PredictionAnswer)!;

        Encoding.UTF8.GetString(bytes).ShouldBe(JsonSerializer.Serialize(answer, StocksJson.Default.PredictionAnswer));
        response.Content.Headers.ContentLength.ShouldBe(bytes.Length);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json; charset=utf-8");
    }

    /// <summary>What is written first is kept for what comes after it, in another answer and beside contributions.</summary>
    [Fact]
    public async Task FeaturesWrittenBefore_AreTheSameBytesAgain()
    {
        var values = new double[FeatureNames.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i % 5 == 0 ? double.NaN : Math.Pow(-7.3, i - 9);
        }

        var set = new FeatureSet(new StockIdentity("500007", "M&M", "Auto \"Parts\"", null, "active"), values);
        var prediction = new Prediction(set, new DateOnly(2025, 9, 30), 0.25, "1.0.0", DateTimeOffset.UnixEpoch, new Explanation(new double[values.Length], -2, -1.5));
        foreach (var contributions in new[] { false, true, false })
        {
            var query = new PredictQuery("500007", null, prediction.Date, IncludeFeatures: true, contributions);
            var context = new DefaultHttpContext();
            var body = new MemoryStream();
            context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
            await PredictionWriter.SendAsync(context, prediction, query);
            await context.Response.BodyWriter.FlushAsync();

            Encoding.UTF8.GetString(body.ToArray()).ShouldBe(JsonSerializer.Serialize(prediction.ToAnswer(query), StocksJson.Default.PredictionAnswer));
        }

        set.KnownJson().ShouldNotBeNull();
    }

    [Theory]
    [InlineData("""{"bse_code":"500007","prediction_date":"2025-09-30"}""", true)]
    [InlineData("""  { "include_features" : true , "nse_symbol" : "M\u0026M", "bse_code" : null }  """, true)]
    [InlineData("""{}""", true)]
    [InlineData("""{"bse_code":"1","bse_code":"2"}""", true)]
    [InlineData("""{"include_features":"true"}""", false)]
    [InlineData("""{"bse_code":["1"]}""", false)]
    [InlineData("""{"colour":1}""", false)]
    [InlineData("""{"bse_code":"1"} x""", false)]
    [InlineData("""{"bse_code":"1",}""", false)]
    [InlineData("""[]""", false)]
    [InlineData("", false)]
    public void UsualBodies_AreReadQuickly_OthersAreLeft(string body, bool quick)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        PredictRequestReader.TryRead(bytes, out var request).ShouldBe(quick);
        if (quick)
        {
            request.ShouldBe(JsonSerializer.Deserialize(bytes, StocksJson.Default.PredictRequest));
        }
    }

    /// <summary>Bodies with a piece taken out, doubled or replaced: what the quick reader takes, the serializer takes, and reads the same.</summary>
    [Fact]
    public void DamagedBodies_AreNeverReadOtherwiseThanByTheSerializer()
    {
        var random = new Random(11);
        var whole = Encoding.UTF8.GetBytes("""{"bse_code":"500007","nse_symbol":"M\u0026M","prediction_date":"2025-09-30","include_features":true,"include_contributions":false}""");
        var taken = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var body = whole.ToList();
            for (var change = random.Next(3); change >= 0; change--)
            {
                var (at, length) = (random.Next(body.Count), random.Next(1, 12));
                length = Math.Min(length, body.Count - at);
                switch (random.Next(3))
                {
                    case 0:
                        body.RemoveRange(at, Math.Min(length, body.Count - 1));
                        break;
                    case 1:
                        body.InsertRange(at, body.GetRange(at, length));
                        break;
                    default:
                        body[at] = (byte)random.Next(256);
                        break;
                }
            }

            var bytes = body.ToArray();
            if (PredictRequestReader.TryRead(bytes, out var request))
            {
                taken++;
                request.ShouldBe(JsonSerializer.Deserialize(bytes, StocksJson.Default.PredictRequest), Encoding.Latin1.GetString(bytes));
            }
        }

        taken.ShouldBeGreaterThan(100, "some damage leaves a body that can be read");
    }

    [Fact]
    public async Task BodyInPieces_OfUnknownLength_OrWithAByteOrderMark_IsRead()
    {
        var body = Encoding.UTF8.GetBytes("""{"bse_code":"500007","prediction_date":"2025-09-30"}""");
        foreach (var sent in new HttpContent[] { new ByteArrayContent([0xEF, 0xBB, 0xBF, .. body]), new StreamContent(new Unseekable(body)), new ByteArrayContent([.. body, .. Enumerable.Repeat((byte)' ', 70_000)]) })
        {
            sent.Headers.ContentType = new("application/json") { CharSet = "utf-8" };
            using var response = await fixture.Host.Client.PostAsync("/api/v1/predict", sent);
            ((int)response.StatusCode).ShouldBe(200, await response.Content.ReadAsStringAsync());
        }
    }

    /// <summary>A byte at a time, and no length beforehand: sent in chunks.</summary>
    sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
