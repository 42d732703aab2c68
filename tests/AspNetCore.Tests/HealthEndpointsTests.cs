using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class HealthEndpointsTests
{
    [Theory]
    [InlineData("Ready", HttpStatusCode.OK, "ready")]
    [InlineData("Degraded", HttpStatusCode.OK, "degraded")]
    [InlineData("NotReady", HttpStatusCode.ServiceUnavailable, "not ready")]
    public async Task Readyz_FollowsTheWorstCheck(string state, HttpStatusCode status, string text)
    {
        await using var service = await ServiceUnderTest.StartAsync(build: b =>
        {
            b.Services.AddSingleton<IReadinessCheck>(new Check(ReadinessState.Ready));
            b.Services.AddSingleton<IReadinessCheck>(new Check(Enum.Parse<ReadinessState>(state)));
        });

        var answer = await service.Client.GetAsync("/readyz");

        answer.StatusCode.ShouldBe(status);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(text);
    }

    [Fact]
    public async Task CheckThatThrows_IsNotReadyAndHidesItsMessage()
    {
        await using var service = await ServiceUnderTest.StartAsync(build: b =>
            b.Services.AddSingleton<IReadinessCheck>(new Check(() => throw new InvalidOperationException("password=secret"))));

        var answer = await service.Client.GetAsync("/health");
        var body = await answer.Content.ReadAsStringAsync();

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        body.ShouldContain("InvalidOperationException");
        body.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Livez_AnswersWhileNothingIsReady()
    {
        await using var service = await ServiceUnderTest.StartAsync(build: b =>
            b.Services.AddSingleton<IReadinessCheck>(new Check(ReadinessState.NotReady)));

        (await service.Client.GetAsync("/livez")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    sealed class Check(Func<ReadinessResult> result) : IReadinessCheck
    {
        public Check(ReadinessState state)
            : this(() => new ReadinessResult(state, "as told"))
        {
        }

        public string Name => "check";

        public ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken) => new(result());
    }
}
