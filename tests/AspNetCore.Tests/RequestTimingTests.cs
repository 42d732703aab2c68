using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore.Tests;

public sealed class RequestTimingTests
{
    [Fact]
    public async Task EveryAnswer_TellsItsProcessTime()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", () => "done"));
        var answer = await service.Client.GetAsync("/work");

        double.Parse(answer.Headers.GetValues("X-Process-Time").Single(), CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
        answer.Headers.Contains("Server-Timing").ShouldBeFalse();
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false)]
    [InlineData("nonsense", false)]
    public async Task SampledRequest_SeesItsPhases(string parent, bool sampled)
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", (HttpContext context) =>
        {
            context.Features.Get<IServerTiming>()?.Add("db", TimeSpan.FromMilliseconds(2));
            context.Features.Get<IServerTiming>()?.Add("db", TimeSpan.FromMilliseconds(3));
            return "done";
        }));
        var request = new HttpRequestMessage(HttpMethod.Get, "/work");
        request.Headers.TryAddWithoutValidation("traceparent", parent);

        var answer = await service.Client.SendAsync(request);

        answer.Headers.TryGetValues("Server-Timing", out var values).ShouldBe(sampled);
        if (sampled)
        {
            values!.Single().ShouldStartWith("db;dur=5, total;dur=");
        }
    }

    [Theory]
    [InlineData(ServiceUnderTest.Token, true)]
    [InlineData("a-wrong-token-0123456789", false)]
    public async Task AuthorisedRequest_SeesItsPhasesWithoutAsking(string token, bool shown)
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", async () =>
        {
            using (ServerTimings.Measure("model"))
            {
                await Task.Yield();
            }

            return "done";
        }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/work");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);

        using var answer = await service.Client.SendAsync(request);

        answer.Headers.TryGetValues("Server-Timing", out var values).ShouldBe(shown);
        if (shown)
        {
            values!.Single().ShouldStartWith("model;dur=");
        }
    }

    [Fact]
    public async Task UnhandledException_IsAProblemWithoutInternals()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/boom", string () => throw new InvalidOperationException("secret detail")));
        var answer = await service.Client.GetAsync("/boom");
        var body = await answer.Content.ReadAsStringAsync();

        ((int)answer.StatusCode).ShouldBe(500);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        body.ShouldNotContain("secret");
        body.ShouldNotContain("InvalidOperationException");
    }
}
