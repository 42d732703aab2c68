using System.Net;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.LoadTesting.Tests.Engine;

/// <summary>TLS and HTTP/2 on the engine's own sockets.</summary>
[Trait("Category", "Slow")]
public sealed class OwnTransportTests() : TransportTests(frameworkClient: false);

/// <summary>The same through the framework's client.</summary>
[Trait("Category", "Slow")]
public sealed class FrameworkTransportTests() : TransportTests(frameworkClient: true);

/// <summary>TLS and HTTP/2: what every way of sending does alike.</summary>
public abstract class TransportTests(bool frameworkClient)
{
    LoadPlan Plan(Uri url, LoadModel model, double seconds = 1) => new()
    {
        BaseUrl = url,
        Model = model,
        Source = new RequestCycle([LoadRequest.Get("/a", "a"), LoadRequest.PostJson("/b", "{\"x\":1}", "b")]),
        Duration = TimeSpan.FromSeconds(seconds),
        Timeout = TimeSpan.FromSeconds(60),
        TrustAnyCertificate = true,
        FrameworkClient = frameworkClient,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Tls_SendsEveryArrival(int threads)
    {
        await using var server = ScriptedServer.Healthy(tls: true);
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(100)) with { Threads = threads, WarmUp = TimeSpan.FromSeconds(0.5) });
        result.Requests.ShouldBe(100);
        result.Failed.ShouldBe(0, string.Join(';', result.ErrorSamples));
        server.Requests.ShouldBe(150);
        result.ByRequest.Select(r => r.Name).ShouldBe(["a", "b"]);
        result.ConnectionsOpened.ShouldBe(server.Accepted);
    }

    [Fact]
    public async Task Tls_UntrustedCertificateIsAnErrorOfItsOwn()
    {
        await using var server = ScriptedServer.Healthy(tls: true);
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(20)) with { TrustAnyCertificate = false });
        result.Errors.ShouldBe(new Dictionary<string, long> { ["tls failed"] = 20 });
        server.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Tls_UsersStopAfterTheirRequestsOnFewConnections()
    {
        await using var server = ScriptedServer.Healthy(tls: true);
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Users(4) with { Requests = 101 }, 60));
        result.Requests.ShouldBe(101);
        result.Failed.ShouldBe(0);
        server.Requests.ShouldBe(101);
        // The framework's client may begin a connection for a request that another one then takes.
        server.Accepted.ShouldBeLessThanOrEqualTo(frameworkClient ? 101 : 4);
    }

    [Fact]
    public async Task Tls_FailuresAreCountedByClass()
    {
        await using var server = new ScriptedServer(async r =>
        {
            switch (r.Number % 6)
            {
                case 1:
                    await r.WriteAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
                    return true;
                case 2:
                    return false;
                case 3:
                    await r.WriteAsync("SMTP nonsense\r\n\r\n");
                    return false;
                case 4:
                    await Task.Delay(Timeout.Infinite, r.Stopping);
                    return false;
                case 5:
                    await r.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{new string('x', 100_000)}");
                    return true;
                default:
                    await r.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
                    return true;
            }
        }, tls: true);
        var plan = Plan(server.BaseUrl, LoadModel.Rate(60)) with
        {
            Source = new RequestCycle([LoadRequest.PostJson("/", "{}", "post")]),
            Timeout = TimeSpan.FromSeconds(6),
            MaxResponseBytes = 50_000,
        };
        var result = await new LoadGenerator().RunAsync(plan);
        result.Requests.ShouldBe(60);
        result.Errors.ShouldBe(new Dictionary<string, long>
        {
            ["status 503"] = 10,
            ["closed early"] = 10,
            ["malformed answer"] = 10,
            ["timeout"] = 10,
            ["answer too large"] = 10,
        }, ignoreOrder: true);
        result.Latency.Count.ShouldBe(30); // answered with any status, or waited for the timeout
    }

    [Fact]
    public async Task Tls_NoServerIsConnectionRefused()
    {
        Uri url;
        await using (var server = ScriptedServer.Healthy(tls: true))
        {
            url = server.BaseUrl;
        }

        var result = await new LoadGenerator().RunAsync(Plan(url, LoadModel.Rate(20)));
        result.Errors.ShouldBe(new Dictionary<string, long> { ["connection refused"] = 20 });
    }

    [Fact]
    public async Task Tls_RequestsBeyondTheConnectionsWaitAndAreDropped()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await Task.Delay(Timeout.Infinite, r.Stopping);
            return false;
        }, tls: true);
        // Arrivals half a millisecond apart outlive their timeout faster than the one connection can be given on.
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(2000)) with { MaxConnections = 1, Timeout = TimeSpan.FromSeconds(1) });
        result.Requests.ShouldBe(2000);
        result.Failed.ShouldBe(2000);
        result.Dropped.ShouldBeGreaterThan(0);
        result.Errors.Keys.ShouldBeSubsetOf(["timeout", "not sent"]);
        result.Latency.Count.ShouldBe(2000);
    }

    [Fact]
    public async Task Tls_CancellingReturnsWhatWasMeasured()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            if (r.Number == 30)
            {
                await cancel.CancelAsync();
            }

            return true;
        }, tls: true);
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(100), 60), null, cancel.Token);
        result.Interrupted.ShouldBeTrue();
        result.Requests.ShouldBeLessThan(6000); // on a busy machine the client is behind what the server answered
    }

    [Theory]
    [InlineData(HttpProtocol.Http11)]
    [InlineData(HttpProtocol.Http2)]
    public async Task ErrorSamples_ShowWhatTheServerSaid(HttpProtocol protocol)
    {
        await using var app = await Http2ServerAsync(tls: true, context =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("no stock '999999' is known" + new string('.', 1000));
        }, HttpProtocols.Http1AndHttp2);
        var result = await new LoadGenerator().RunAsync(Plan(Address(app), LoadModel.Rate(20)) with { Protocol = protocol });
        result.Errors.ShouldBe(new Dictionary<string, long> { ["status 404"] = 20 });
        result.ErrorSamples.ShouldAllBe(s => s.Detail.StartsWith("HTTP 404: no stock '999999' is known") && s.Detail.Length < 250);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Http2_GoesOverOneConnection(bool tls)
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<(string Protocol, string Method, string Path, string Tag, int Connection)>();
        await using var app = await Http2ServerAsync(tls, async context =>
        {
            seen.Add((context.Request.Protocol, context.Request.Method, context.Request.Path + context.Request.QueryString, context.Request.Headers["X-Tag"].ToString(), context.Connection.RemotePort));
            context.Response.StatusCode = context.Request.Path == "/teapot" ? 418 : 200;
            await context.Response.WriteAsync("ok");
        });
        var plan = Plan(Address(app), LoadModel.Rate(50)) with
        {
            Protocol = HttpProtocol.Http2,
            Source = new RequestCycle([new LoadRequest("tagged", "GET", "/x?y=1", default, [new("X-Tag", "t")]), LoadRequest.Get("/teapot", "teapot")]),
        };
        var result = await new LoadGenerator().RunAsync(plan);
        result.Requests.ShouldBe(50);
        result.Errors.ShouldBe(new Dictionary<string, long> { ["status 418"] = 25 });
        seen.ShouldAllBe(s => s.Protocol == "HTTP/2");
        seen.Count(s => s is ("HTTP/2", "GET", "/x?y=1", "t", _)).ShouldBe(25);
        seen.Select(s => s.Connection).Distinct().Count().ShouldBe(1);
        result.ServiceTime.Count.ShouldBe(50);
        result.Blocks.Sum(b => b.Requests).ShouldBe(50);
    }

    [Fact]
    public async Task Http2_LargeBodiesAndManyRequestsGoBothWays()
    {
        var body = new byte[1_500_000];
        new Random(1).NextBytes(body);
        await using var app = await Http2ServerAsync(tls: true, async context =>
        {
            // The answer is the request's body, after a head that does not fit into one frame.
            using var sent = new MemoryStream();
            await context.Request.Body.CopyToAsync(sent);
            context.Response.Headers["X-Long"] = context.Request.Headers["X-Long"];
            context.Response.ContentLength = sent.Length;
            await context.Response.Body.WriteAsync(sent.GetBuffer().AsMemory(0, (int)sent.Length));
        });
        var plan = Plan(Address(app), LoadModel.Rate(400), 0.5) with
        {
            Protocol = HttpProtocol.Http2,
            Source = new RequestCycle([new LoadRequest("large", "POST", "/", body, [new("X-Long", new string('x', 20_000))]), .. Enumerable.Range(0, 49).Select(i => LoadRequest.Get($"/{i}", "small"))]),
        };
        var result = await new LoadGenerator().RunAsync(plan);
        (result.Requests, result.Failed).ShouldBe((200, 0), string.Join(';', result.ErrorSamples));
        result.BytesReceived.ShouldBeGreaterThan(frameworkClient ? -1 : 4 * body.Length);
    }

    [Fact]
    public async Task Http2_AgainstHttp11OnlyIsAnError()
    {
        await using var server = ScriptedServer.Healthy();
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(10)) with { Protocol = HttpProtocol.Http2 });
        result.Failed.ShouldBe(10);
    }

    static Uri Address(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    static async Task<WebApplication> Http2ServerAsync(bool tls, RequestDelegate answer, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (tls)
            {
                listen.UseHttps(ScriptedServer.SelfSigned());
            }
        }));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
