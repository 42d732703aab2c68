using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fettle.AspNetCore.Tests;

/// <summary>What an open request is spared, and that nothing which could concern it is.</summary>
public sealed class RequestNeedsTests
{
    [Fact]
    public async Task OpenEndpoint_IsAnsweredWithoutAskingWhoAsks()
    {
        var asked = new Asked();
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.AddSingleton(asked).AddSingleton<IClaimsTransformation>(asked),
            map: app => app.MapGet("/open", (HttpContext context) => $"{context.User.Identity?.IsAuthenticated}"));

        (await service.Client.GetStringAsync("/open")).ShouldBe("False");
        asked.Times.ShouldBe(0);
        (await service.Admin.GetStringAsync("/open")).ShouldBe("True", "who shows a token is known everywhere");
        asked.Times.ShouldBe(1);
    }

    [Fact]
    public async Task AnotherScheme_IsAskedForEveryRequest()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.AddAuthentication("everybody").AddScheme<AuthenticationSchemeOptions, Everybody>("everybody", null),
            map: app => app.MapGet("/open", (HttpContext context) => context.User.Identity?.Name));

        (await service.Client.GetStringAsync("/open")).ShouldBe("someone");
        (await service.Client.GetAsync("/fettle/info")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "its own scheme is what the admin group asks");
    }

    [Fact]
    public async Task FallbackPolicy_HoldsForEndpointsThatSayNothing()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.AddAuthorizationBuilder().SetFallbackPolicy(
                new AuthorizationPolicyBuilder(AdminAuthentication.SchemeName).RequireAuthenticatedUser().Build()),
            map: app => app.MapGet("/open", () => "open"));

        (await service.Client.GetAsync("/open")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await service.Admin.GetStringAsync("/open")).ShouldBe("open");
    }

    [Fact]
    public async Task ExemptRequest_PassesALimitThatHoldsForOthers()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.Configure<RateLimiterOptions>(l => l.AddPolicy("none", _ => OneEver("all"))),
            map: app => app.MapGet("/limited", () => "ok").RequireRateLimiting("none").ExemptFromRateLimiting(c => c.Request.Headers.ContainsKey("X-Known")));

        using var known = new HttpClient { BaseAddress = service.Client.BaseAddress };
        known.DefaultRequestHeaders.Add("X-Known", "1");
        for (var i = 0; i < 3; i++)
        {
            (await known.GetStringAsync("/limited")).ShouldBe("ok");
        }

        (await service.Client.GetAsync("/limited")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Client.GetAsync("/limited")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task LimitOverAllEndpoints_HoldsForEach()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.Configure<RateLimiterOptions>(l => l.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(_ => OneEver("all"))),
            map: app => app.MapGet("/open", () => "ok"));

        (await service.Client.GetAsync("/open")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Client.GetAsync("/open")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    static RateLimitPartition<string> OneEver(string key) =>
        RateLimitPartition.GetFixedWindowLimiter(key, _ => new FixedWindowRateLimiterOptions { PermitLimit = 1, Window = TimeSpan.FromDays(1) });

    sealed class Asked : IClaimsTransformation
    {
        int _times;

        public int Times => _times;

        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            Interlocked.Increment(ref _times);
            return Task.FromResult(principal);
        }
    }

    sealed class Everybody(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.Success(
            new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "someone")], Scheme.Name)), Scheme.Name)));
    }
}
