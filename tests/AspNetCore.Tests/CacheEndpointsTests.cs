using System.Net;
using System.Text.Json.Nodes;
using Fettle.Caching;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class CacheEndpointsTests
{
    [Fact]
    public async Task Statistics_CountWhatTheServiceAsked()
    {
        await using var cache = new FettleCache(new FettleCacheOptions());
        var prices = cache.Category<string>(new CategoryOptions("prices"));
        await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(_ => cache));
        await prices.SetAsync("a", "1");
        prices.TryGet("a", out _);
        prices.TryGet("b", out _);

        var answer = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/cache"))!;

        answer["schema"]!.GetValue<string>().ShouldBe("fettle.cache/1");
        answer["categories"]!.AsArray().Single()!["name"]!.GetValue<string>().ShouldBe("prices");
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("?pattern=prices", 0)]
    [InlineData("?pattern=prices:a*", 1)]
    public async Task Delete_RemovesWhatThePatternNames(string query, int left)
    {
        await using var cache = new FettleCache(new FettleCacheOptions());
        var prices = cache.Category<string>(new CategoryOptions("prices"));
        await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(_ => cache));
        await prices.SetAsync("a1", "1");
        await prices.SetAsync("b1", "1");

        (await service.Admin.DeleteAsync("/fettle/cache" + query)).StatusCode.ShouldBe(HttpStatusCode.OK);

        new[] { "a1", "b1" }.Count(k => prices.TryGet(k, out _)).ShouldBe(left);
    }

    [Fact]
    public async Task UnknownCategory_NamesTheKnownOnes()
    {
        await using var cache = new FettleCache(new FettleCacheOptions());
        cache.Category<string>(new CategoryOptions("prices"));
        await using var service = await ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(_ => cache));

        var answer = await service.Admin.DeleteAsync("/fettle/cache?pattern=prizes");

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("prices");
    }

    [Theory]
    [InlineData("GET", "/fettle/cache")]
    [InlineData("DELETE", "/fettle/cache")]
    [InlineData("POST", "/fettle/cache/warm")]
    public async Task ServiceWithoutACache_SaysSo(string method, string path)
    {
        await using var service = await ServiceUnderTest.StartAsync();
        (await service.Admin.SendAsync(new HttpRequestMessage(new HttpMethod(method), path))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
