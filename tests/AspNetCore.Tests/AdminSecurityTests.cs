using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class AdminSecurityTests(SharedService shared) : IClassFixture<SharedService>
{
    [Theory]
    [InlineData("GET", "/fettle/switches")]
    [InlineData("PUT", "/fettle/switches/any")]
    [InlineData("GET", "/fettle/queries")]
    [InlineData("DELETE", "/fettle/queries")]
    [InlineData("GET", "/fettle/info")]
    [InlineData("GET", "/fettle/audit")]
    [InlineData("GET", "/fettle/live")]
    [InlineData("GET", "/fettle/routes")]
    [InlineData("GET", "/fettle/runs")]
    [InlineData("GET", "/fettle/advice")]
    [InlineData("POST", "/fettle/advice/apply?id=x")]
    [InlineData("POST", "/fettle/advice/undo?id=x")]
    [InlineData("GET", "/fettle/plan?sql=x")]
    [InlineData("GET", "/fettle/repeats")]
    [InlineData("DELETE", "/fettle/cache")]
    public async Task WithoutToken_IsRefused(string method, string path)
    {
        var answer = await shared.Service.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Headers.WwwAuthenticate.ShouldNotBeEmpty();
        (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:fettle:problem:unauthorized");
    }

    [Theory]
    [InlineData("Bearer wrong-token-0123456789")]
    [InlineData("Bearer ")]
    [InlineData("Basic dGVzdC10b2tlbi0wMTIzNDU2Nzg5")]
    public async Task WithAnotherToken_IsRefused(string header)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fettle/info");
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(header);

        (await shared.Service.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task AForwardedLoopbackAddress_GivesNoAccess()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fettle/info");
        request.Headers.Add("X-Forwarded-For", "127.0.0.1");
        request.Headers.Add("Forwarded", "for=127.0.0.1");

        (await shared.Service.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public void EveryEndpointThatChangesState_HasThePolicy()
    {
        var endpoints = shared.Service.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().ToArray();
        var changing = endpoints.Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Any(m => m is not ("GET" or "HEAD"))).ToArray();

        changing.ShouldNotBeEmpty();
        changing.ShouldAllBe(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == FettleServiceExtensions.AdminPolicy));
        var open = endpoints.Where(e => e.RoutePattern.RawText!.TrimStart('/').StartsWith("fettle", StringComparison.Ordinal))
            .Where(e => !e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == FettleServiceExtensions.AdminPolicy)).ToArray();

        // The page itself holds no data and a browser sends no token for it; it still answers on the admin listener only.
        open.Select(e => e.RoutePattern.RawText).ShouldBe(["/fettle/", "/fettle/assets/{name}", "/fettle/icon.svg", "/fettle/sw.js"], ignoreOrder: true);
        open.ShouldAllBe(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == DashboardEndpoints.Policy));
    }

    [Fact]
    public async Task RefusedAndGrantedActions_AreAudited()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        service.Services.GetRequiredService<SwitchRegistry>().Add(new SwitchDefinition("turbo", "cache", "Goes faster"));
        await service.Client.GetAsync("/fettle/info");
        await service.Admin.PutAsJsonAsync("/fettle/switches/turbo", new { on = true });

        var audit = await service.Admin.GetStringAsync("/fettle/audit");

        audit.ShouldContain("refused: no valid token");
        audit.ShouldContain("turbo=on");
        audit.ShouldNotContain(ServiceUnderTest.Token);
    }

    [Fact]
    public async Task MoreRequestsThanTheLimit_Are429WithRetryAfter()
    {
        await using var service = await ServiceUnderTest.StartAsync(o => o.AdminRequestsPerSecond = 1);
        HttpResponseMessage? limited = null;
        for (var i = 0; i < 50 && limited is null; i++)
        {
            var answer = await service.Admin.GetAsync("/fettle/info");
            limited = answer.StatusCode == HttpStatusCode.TooManyRequests ? answer : null;
        }

        limited.ShouldNotBeNull();
        limited.Headers.RetryAfter.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", null)]
    [InlineData("http://localhost:8080", null)]
    [InlineData("http://[::1]:8080", null)]
    [InlineData("http://0.0.0.0:8080", 8081)]
    [InlineData("http://*:8080", 8081)]
    [InlineData("http://127.0.0.1:8080;http://10.0.0.1:8081", 8082)]
    public void Listener_IsItsOwnUnlessAllAddressesAreLoopback(string urls, int? port)
    {
        var (listener, bind) = AdminListener.Plan(urls.Split(';'));

        listener.Port.ShouldBe(port);
        bind.Length.ShouldBe(urls.Split(';').Length + (port is null ? 0 : 1));
    }

    [Fact]
    public void Listener_AdmitsOnlyItsPort()
    {
        var context = new DefaultHttpContext();
        context.Connection.LocalPort = 8080;

        new AdminListener(8081).Admits(context).ShouldBeFalse();
        new AdminListener(8080).Admits(context).ShouldBeTrue();
        new AdminListener((int?)null).Admits(context).ShouldBeTrue();
    }

    [Fact]
    public void ShortToken_IsRefusedWithTheMinimum() =>
        Should.Throw<InvalidDataException>(() => new AdminToken("short")).Message.ShouldContain("16");

    [Fact]
    public void MadeTokens_Differ() =>
        new AdminToken(null).Generated.ShouldNotBe(new AdminToken(null).Generated);
}
