using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

/// <summary>The files of the page, from a page of the test's own: no npm is needed.</summary>
public sealed class DashboardEndpointsTests
{
    static readonly Dictionary<string, byte[]> Page = new()
    {
        ["index.html"] = Encoding.UTF8.GetBytes("<!doctype html><title>page</title>"),
        ["index.html.br"] = [1, 2, 3],
        ["assets/index-1a2b.js"] = Encoding.UTF8.GetBytes("let a = 1"),
        ["assets/index-1a2b.js.br"] = [4, 5],
        ["assets/index-1a2b.js.gz"] = [6, 7, 8],
        ["icon.svg"] = Encoding.UTF8.GetBytes("<svg/>"),
    };

    static Task<ServiceUnderTest> StartAsync(IReadOnlyDictionary<string, byte[]>? files = null) =>
        ServiceUnderTest.StartAsync(build: b => b.Services.AddSingleton(new DashboardFiles(files ?? Page)));

    [Fact]
    public async Task Page_NeedsNoTokenAndForbidsWhatIsInline()
    {
        await using var service = await StartAsync();
        var answer = await service.Client.GetAsync("/fettle/");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        answer.Headers.CacheControl!.NoCache.ShouldBeTrue();
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("default-src 'none'");
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldNotContain("unsafe");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
    }

    [Fact]
    public async Task WithoutSlash_IsRedirected() =>
        (await (await StartAsync()).Client.GetAsync("/fettle")).RequestMessage!.RequestUri!.AbsolutePath.ShouldBe("/fettle/");

    [Fact]
    public async Task HashedFile_IsImmutable()
    {
        await using var service = await StartAsync();
        var answer = await service.Client.GetAsync("/fettle/assets/index-1a2b.js");

        answer.Headers.CacheControl!.ToString().ShouldBe("public, max-age=31536000, immutable");
        (await answer.Content.ReadAsStringAsync()).ShouldBe("let a = 1");
    }

    [Theory]
    [InlineData("br, gzip", "br", 2)]
    [InlineData("gzip", "gzip", 3)]
    [InlineData("br;q=0, gzip", "gzip", 3)]
    [InlineData("identity", null, 9)]
    [InlineData("", null, 9)]
    public async Task Encoding_IsTheSmallestThatTheClientTakes(string accepted, string? encoding, int length)
    {
        await using var service = await StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, "/fettle/assets/index-1a2b.js");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        var answer = await service.Client.SendAsync(request);

        answer.Content.Headers.ContentEncoding.SingleOrDefault().ShouldBe(encoding);
        (await answer.Content.ReadAsByteArrayAsync()).Length.ShouldBe(length);
        answer.Headers.Vary.ShouldContain("Accept-Encoding");
    }

    [Fact]
    public async Task KnownTag_Is304AndEncodingsHaveTagsOfTheirOwn()
    {
        await using var service = await StartAsync();
        var tag = (await service.Client.GetAsync("/fettle/assets/index-1a2b.js")).Headers.ETag!;
        async Task<HttpStatusCode> Ask(string encoding)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/fettle/assets/index-1a2b.js");
            request.Headers.TryAddWithoutValidation("If-None-Match", tag.ToString());
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
            return (await service.Client.SendAsync(request)).StatusCode;
        }

        (await Ask("identity")).ShouldBe(HttpStatusCode.NotModified);
        (await Ask("br")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task StaticAssetsOff_TheSameFilesGoOutAsTheyAreAndAreAskedForAgain()
    {
        await using var service = await StartAsync();
        async Task<HttpResponseMessage> Ask(string path, string? tag = null)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "br, gzip");
            request.Headers.TryAddWithoutValidation("If-None-Match", tag ?? "");
            return await service.Client.SendAsync(request);
        }

        System.Text.Json.Nodes.JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/switches/static-assets"))!["on"]!.GetValue<bool>().ShouldBeTrue("it is on from the start");
        (await service.Admin.PutAsync("/fettle/switches/static-assets", new StringContent("{\"on\":false}", Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        foreach (var path in Page.Keys.Where(k => !k.EndsWith("br", StringComparison.Ordinal) && !k.EndsWith("gz", StringComparison.Ordinal)))
        {
            var answer = await Ask(path == "index.html" ? "/fettle/" : "/fettle/" + path);
            answer.Content.Headers.ContentEncoding.ShouldBeEmpty();
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(Page[path]);
            answer.Headers.CacheControl!.ToString().ShouldBe("no-cache");
            answer.Headers.Vary.ShouldContain("Accept-Encoding");
            (await Ask(path == "index.html" ? "/fettle/" : "/fettle/" + path, answer.Headers.ETag!.ToString())).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        }
    }

    [Theory]
    [InlineData("/fettle/assets/other.js")]
    [InlineData("/fettle/assets/..%2findex.html")]
    [InlineData("/fettle/sw.js")]
    public async Task FileThatIsNotThere_Is404(string path)
    {
        await using var service = await StartAsync();
        (await service.Client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task WithoutPage_TheReasonIsOneLineAndTheRestWorks()
    {
        await using var service = await StartAsync(new Dictionary<string, byte[]>());
        var answer = await service.Client.GetAsync("/fettle/");

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).Trim().ShouldBe(DashboardEndpoints.NotBuilt);
        (await service.Admin.GetAsync("/fettle/switches")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
