using System.Net.Http.Headers;
using System.Text;
using Fettle.Caching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class CachedEndpointTests
{
    static Task<ServiceUnderTest> StartAsync(Func<HttpContext, Task<IResult>> answer) => ServiceUnderTest.StartAsync(
        build: b => b.Services.AddFettleCache(),
        map: app => app.MapMethods("/answer/{id}", ["GET", "POST"], answer).CacheAs("responses"));

    static async Task<(string Text, string Status)> SendAsync(HttpClient client, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "text/plain");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request);
        return (await response.Content.ReadAsStringAsync(), response.Headers.GetValues("X-Cache-Status").Single());
    }

    [Fact]
    public async Task SameRequest_IsAnsweredFromTheCacheWithItsHeaders()
    {
        var calls = 0;
        await using var service = await StartAsync(_ => Task.FromResult(Results.Text($"call {++calls}", "text/csv")));

        (await SendAsync(service.Client, "/answer/1")).ShouldBe(("call 1", "MISS"));
        (await SendAsync(service.Client, "/answer/1")).ShouldBe(("call 1", "HIT"));
        using var response = await service.Client.GetAsync("/answer/1");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        response.Headers.GetValues("Cache-Status").Single().ShouldBe("fettle-responses; hit");

        await service.Services.GetRequiredService<FettleCache>().Find("responses")!.RemoveByPatternAsync("GET /answer/1*");
        (await SendAsync(service.Client, "/answer/1")).ShouldBe(("call 2", "MISS"));
    }

    [Fact]
    public async Task EveryInput_IsPartOfTheKey()
    {
        var calls = 0;
        await using var service = await StartAsync(_ => Task.FromResult(Results.Text($"{++calls}")));
        (string Path, string? Body, (string, string)[] Headers)[] requests =
        [
            ("/answer/1", null, []),
            ("/answer/2", null, []),
            ("/answer/1?a=1", null, []),
            ("/answer/1?a=2", null, []),
            ("/answer/1", "", []),
            ("/answer/1", "body", []),
            ("/answer/1", "other", []),
            ("/answer/1", null, [("Authorization", "Bearer alice")]),
            ("/answer/1", null, [("Authorization", "Bearer bob")]),
            ("/answer/1", null, [("Cookie", "session=1")]),
            ("/answer/1", null, [("X-Tenant", "a")]),
            ("/answer/1", null, [("Accept-Language", "de")]),
        ];
        foreach (var (path, body, headers) in requests)
        {
            (await SendAsync(service.Client, path, body, headers)).Status.ShouldBe("MISS", path + body);
        }

        calls.ShouldBe(requests.Length);
        foreach (var (path, body, headers) in requests)
        {
            (await SendAsync(service.Client, path, body, headers)).Status.ShouldBe("HIT", path + body);
        }
    }

    [Fact]
    public async Task ManyUsersAtOnce_EachGetTheirOwn()
    {
        await using var service = await StartAsync(async context =>
        {
            await Task.Yield();
            return Results.Text(context.Request.Headers.Authorization.ToString());
        });

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            var user = $"Bearer user{i % 17}";
            (await SendAsync(service.Client, "/answer/me", null, ("Authorization", user))).Text.ShouldBe(user);
        }));
    }

    [Theory]
    [InlineData("cookie")]
    [InlineData("no-store")]
    [InlineData("private")]
    [InlineData("error")]
    public async Task AnswersThatAreNotForOthers_AreNotKept(string kind)
    {
        var calls = 0;
        await using var service = await StartAsync(context =>
        {
            if (kind == "cookie")
            {
                context.Response.Cookies.Append("id", "1");
            }
            else if (kind != "error")
            {
                context.Response.Headers.CacheControl = kind;
            }

            return Task.FromResult(kind == "error" ? Results.Text($"{++calls}", statusCode: 500) : Results.Text($"{++calls}"));
        });

        (await SendAsync(service.Client, "/answer/1")).ShouldBe(("1", "MISS"));
        (await SendAsync(service.Client, "/answer/1")).ShouldBe(("2", "MISS"));
    }

    [Fact]
    public async Task LongBody_IsNotCachedAndReachesTheEndpointWhole()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.AddFettleCache(),
            map: app => app.MapPost("/length", async (HttpContext context) =>
            {
                using var copy = new MemoryStream();
                await context.Request.Body.CopyToAsync(copy);
                return Results.Text($"{copy.Length}");
            }).CacheAs("responses"));

        var answer = await service.Client.PostAsync("/length", new ByteArrayContent(new byte[2_000_000]));
        (await answer.Content.ReadAsStringAsync()).ShouldBe("2000000");
        answer.Headers.Contains("X-Cache-Status").ShouldBeFalse();
    }

    [Fact]
    public void WrongRedisAddress_IsRefusedAtRegistration() =>
        Should.Throw<ArgumentException>(() => new ServiceCollection().AddFettleCache(c => c.Redis = "http://x"));
}
