using System.IO.Compression;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore.Tests;

public sealed class CompressionTests(CompressionTests.Fixture fixture) : IClassFixture<CompressionTests.Fixture>
{
    static readonly string Long = "{\"text\":\"" + new string('x', 5_000) + "\"}";

    [Theory]
    [InlineData(null, null)]
    [InlineData("identity", null)]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, br", "br")]
    [InlineData("zstd", null)]
    public async Task SwitchedOn_EachClientGetsWhatItAccepts(string? accept, string? expected)
    {
        var service = await fixture.SwitchedAsync(true);

        var answer = await GetAsync(service, "/long", accept);

        string.Join(",", answer.Content.Headers.ContentEncoding).ShouldBe(expected ?? "");
        answer.Headers.Vary.ShouldContain("Accept-Encoding");
        (await DecodeAsync(answer)).ShouldBe(Long);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip, br")]
    public async Task SwitchedOff_AnswersAreIdentityAndStillVary(string? accept)
    {
        var service = await fixture.SwitchedAsync(false);

        var answer = await GetAsync(service, "/long", accept);

        answer.Content.Headers.ContentEncoding.ShouldBeEmpty();
        answer.Headers.Vary.ShouldContain("Accept-Encoding");
        (await answer.Content.ReadAsStringAsync()).ShouldBe(Long);
    }

    [Theory]
    [InlineData("/short")]
    [InlineData("/picture")]
    public async Task ShortAndIncompressibleAnswers_AreLeftAlone(string path)
    {
        var service = await fixture.SwitchedAsync(true);

        (await GetAsync(service, path, "gzip, br")).Content.Headers.ContentEncoding.ShouldBeEmpty();
    }

    [Fact]
    public async Task LargeJson_ShrinksByMoreThanHalf()
    {
        var service = await fixture.SwitchedAsync(true);

        var identity = (await (await GetAsync(service, "/table", null)).Content.ReadAsByteArrayAsync()).Length;
        var brotli = (await (await GetAsync(service, "/table", "br")).Content.ReadAsByteArrayAsync()).Length;

        identity.ShouldBeGreaterThan(100_000);
        brotli.ShouldBeLessThan((int)(identity * 0.4));
    }

    public sealed class Fixture : IAsyncLifetime
    {
        ServiceUnderTest _service = null!;

        public async Task InitializeAsync() => _service = await ServiceUnderTest.StartAsync(map: app =>
        {
            app.MapGet("/long", () => Results.Text(Long, "application/json"));
            app.MapGet("/short", () => Results.Text("{}", "application/json"));
            app.MapGet("/picture", () => Results.Bytes(new byte[5_000], "image/png"));
            app.MapGet("/table", () =>
            {
                var random = new Random(1);
                return Results.Json(Enumerable.Range(0, 4_000).Select(i => new { id = i, symbol = $"S{random.Next(1000)}", close = Math.Round(random.NextDouble() * 1000, 2) }));
            });
        });

        public async Task DisposeAsync() => await _service.DisposeAsync();

        internal async Task<ServiceUnderTest> SwitchedAsync(bool on)
        {
            (await _service.Admin.PutAsJsonAsync("/fettle/switches/response-compression", new { on })).EnsureSuccessStatusCode();
            return _service;
        }
    }

    static async Task<HttpResponseMessage> GetAsync(ServiceUnderTest service, string path, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        }

        return await service.Client.SendAsync(request);
    }

    static async Task<string> DecodeAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        await using Stream decoded = string.Join(",", answer.Content.Headers.ContentEncoding) switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        return await new StreamReader(decoded, Encoding.UTF8).ReadToEndAsync();
    }
}
