using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

/// <summary>Connections as they are: TLS, HTTP/2, clients that dawdle, requests that take too long.</summary>
public sealed class TransportTests
{
    [Fact]
    public async Task OverTls_Http2IsSpokenAndTheBrowserIsToldToStay()
    {
        using var certificate = SelfSigned();
        await using var service = await ServiceUnderTest.StartAsync(build: b =>
        {
            b.WebHost.UseSetting("urls", "https://127.0.0.1:0");
            b.WebHost.UseKestrelHttpsConfiguration();
            b.WebHost.ConfigureKestrel(k => k.ConfigureHttpsDefaults(h => h.ServerCertificate = certificate));
        });
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var client = new HttpClient(handler) { BaseAddress = service.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/livez") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var answer = await client.SendAsync(request);

        answer.Version.ShouldBe(HttpVersion.Version20);
        answer.Headers.GetValues("Strict-Transport-Security").Single().ShouldBe("max-age=31536000");
    }

    [Fact]
    public async Task OverPlainHttp_NothingSaysStrictTransport_AndOtherOriginsAreNotLetIn()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/livez");
        request.Headers.Add("Origin", "https://elsewhere.example");
        request.Headers.Add("X-Forwarded-Proto", "https");

        using var answer = await service.Client.SendAsync(request);

        answer.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
        answer.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
        answer.Headers.Contains("Server").ShouldBeFalse();
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")]
    public async Task ClientThatDawdles_IsCutOff(string begun)
    {
        await using var service = await ServiceUnderTest.StartAsync(
            o => (o.HeadersTimeout, o.SlowClientGrace) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)),
            map: app => app.MapPost("/echo", async (HttpContext context) =>
            {
                using var copy = new MemoryStream();
                await context.Request.Body.CopyToAsync(copy);
                return Results.Text($"{copy.Length}");
            }));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, service.Client.BaseAddress!.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(begun));

        // The service ends it: the read returns what it said, then nothing, without this side having done anything.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var said = await ReadToEndAsync(stream, limit.Token);

        said.ShouldSatisfyAllConditions(() => (said.Length == 0 || said.Contains(" 408 ", StringComparison.Ordinal)).ShouldBeTrue(said));
        (await service.Client.GetStringAsync("/livez")).ShouldBe("ok");
    }

    [Fact]
    public async Task RequestOverItsTime_Is504AndItsWorkIsCancelled()
    {
        var cancelled = new TaskCompletionSource();
        await using var service = await ServiceUnderTest.StartAsync(
            o => o.RequestTimeout = TimeSpan.FromSeconds(1),
            map: app => app.MapGet("/forever", async (CancellationToken cancellation) =>
            {
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                }
                finally
                {
                    cancelled.SetResult();
                }

                return Results.Ok();
            }));

        using var answer = await service.Client.GetAsync("/forever");

        answer.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:fettle:problem:too-slow");
        await cancelled.Task;
    }

    [Fact]
    public async Task EndpointsOwnTimeLimit_HoldsInsteadOfTheServices()
    {
        await using var service = await ServiceUnderTest.StartAsync(
            o => o.RequestTimeout = TimeSpan.FromHours(1),
            map: app =>
            {
                app.MapGet("/short", (CancellationToken cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation)).WithRequestTimeout(TimeSpan.FromMilliseconds(50));
                app.MapGet("/none", (HttpContext context) => $"{context.RequestAborted.CanBeCanceled}").DisableRequestTimeout();
            });

        using var answer = await service.Client.GetAsync("/short");

        answer.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:fettle:problem:too-slow");
        (await service.Client.GetStringAsync("/none")).ShouldBe("True", "the client may still leave");
    }

    [Fact]
    public async Task DrainingService_SaysSoWhileItStillAnswers()
    {
        var time = new Fettle.Testing.ManualTime();
        await using var service = await ServiceUnderTest.StartAsync(
            o => o.DrainDelay = TimeSpan.FromSeconds(30), b => b.Services.AddSingleton<TimeProvider>(time), app => app.MapGet("/answer", () => "42"));
        (await service.Client.GetAsync("/readyz")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var stopping = service.StopAsync();
        var ready = HttpStatusCode.OK;
        await Fettle.Testing.Eventually.IsTrueAsync(() => (ready = service.Client.GetAsync("/readyz").GetAwaiter().GetResult().StatusCode) == HttpStatusCode.ServiceUnavailable, "it says that it drains");
        (await service.Client.GetStringAsync("/answer")).ShouldBe("42");
        stopping.IsCompleted.ShouldBeFalse();
        await Fettle.Testing.Eventually.IsTrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(31));
                return stopping.IsCompleted;
            },
            "it stops after the delay");
        await stopping;
        await Should.ThrowAsync<HttpRequestException>(() => service.Client.GetStringAsync("/answer"));
    }

    static async Task<string> ReadToEndAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // Reset: cut off all the same.
        }

        return text.ToString();
    }

    static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
