using System.Diagnostics;
using System.Globalization;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

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
    public async Task CallersTrace_GoesOnInWhatTheRequestDoes()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", () => $"{Activity.Current?.TraceId} {Activity.Current?.ParentSpanId} {Activity.Current?.TraceStateString}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/work");
        request.Headers.TryAddWithoutValidation("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        request.Headers.TryAddWithoutValidation("tracestate", "vendor=1");

        (await (await service.Client.SendAsync(request)).Content.ReadAsStringAsync()).ShouldBe("0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 vendor=1");
    }

    [Theory]
    [InlineData(0, "0.000000")]
    [InlineData(12_345, "0.001234")]
    [InlineData(615_000_000, "61.500000")]
    public void ProcessTime_IsSecondsWithSixDigits(long ticks, string text) => TimedAnswer.Seconds(TimeSpan.FromTicks(ticks)).ShouldBe(text);

    [Fact]
    public async Task ExceptionsAndRefusals_AreCountedAsWhatTheyAre()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app =>
        {
            app.MapGet("/boom", string () => throw new InvalidOperationException());
            app.MapGet("/refused", string () => throw new BadHttpRequestException("no"));
        });
        await service.Client.GetAsync("/boom");
        await service.Client.GetAsync("/refused");
        var window = service.Services.GetRequiredService<RequestWindow>();
        await Eventually.IsTrueAsync(() => window.Total >= 2, "both are recorded");

        window.Errors.ShouldBe(1);
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
