using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore.Tests;

/// <summary>A small service with everything on, on a real socket of a free loopback port.</summary>
internal sealed class ServiceUnderTest : IAsyncDisposable
{
    public const string Token = "test-token-0123456789";

    readonly WebApplication _app;

    ServiceUnderTest(WebApplication app, string address)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(address) };
        Admin = new HttpClient { BaseAddress = new Uri(address) };
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public HttpClient Client { get; }

    public HttpClient Admin { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ServiceUnderTest> StartAsync(
        Action<FettleOptions>? configure = null, Action<WebApplicationBuilder>? build = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        build?.Invoke(builder);
        builder.AddFettle(o =>
        {
            o.AdminToken = Token;
            o.ServiceName = "sample";
            configure?.Invoke(o);
        });
        var app = builder.Build();
        app.UseFettle();
        app.MapFettle();
        map?.Invoke(app);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ServiceUnderTest(app, address);
    }

    /// <summary>Stops the service as a signal does.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Admin.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
