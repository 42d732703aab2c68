using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fettle.AspNetCore;
using Fettle.Cli;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fettle.Integration.Tests;

/// <summary>A service, the nginx edge that <c>fettle delivery cdn</c> writes for it, and clients in front.</summary>
[Trait("Category", "Slow")]
public sealed class EdgeTests : IAsyncLifetime
{
    const string Token = "token-of-the-edge-tests-0123";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-edge-").FullName;
    readonly Lock _lock = new();
    WebApplication _app = null!;
    Process? _nginx;
    long _originRequests;
    long _originBytes;
    int _edge;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.AddFettle(o => (o.AdminToken, o.ServiceName) = (Token, "shop"));
        _app = builder.Build();
        _app.Use(CountAsync);
        _app.UseFettle();
        _app.MapFettle();
        _app.MapGet("/items/{id}", (int id, string? page) => Results.Text($"{{\"id\":{id},\"page\":\"{page}\",\"text\":\"{new string('x', 4_000)}\"}}", "application/json"))
            .DeliverAs(new DeliveryPolicy("items") { Edge = TimeSpan.FromMinutes(5), EdgeStale = TimeSpan.FromMinutes(1), Tags = ["items"], Query = ["page"] });
        _app.MapGet("/me", (HttpContext context) => Results.Text("for " + context.Request.Headers.Authorization));
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_nginx is not null)
        {
            using (var quit = Process.Start("kill", ["-TERM", _nginx.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await quit.WaitForExitAsync();
            }

            await _nginx.WaitForExitAsync();
            _nginx.Dispose();
        }

        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Bytes of the body as they leave the origin.</summary>
    async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Request.Path.StartsWithSegments("/items"))
        {
            lock (_lock)
            {
                _originRequests++;
                _originBytes += context.Response.ContentLength ?? 0;
            }
        }
    }

    [RequiresToolFact("nginx")]
    public async Task RepeatedReads_AreAnsweredByTheEdge()
    {
        await StartEdgeAsync();
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new Uri($"http://127.0.0.1:{_edge}") };
        const int items = 20;
        const int rounds = 30;
        long hits = 0, edgeBytes = 0;
        for (var round = 0; round < rounds; round++)
        {
            for (var id = 0; id < items; id++)
            {
                // A parameter that the endpoint does not read must not split the cache.
                using var answer = await client.GetAsync($"/items/{id}?utm_source=mail{round}");
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                edgeBytes += (await answer.Content.ReadAsByteArrayAsync()).Length;
                hits += answer.Headers.GetValues("X-Cache").Single() == "HIT" ? 1 : 0;
                answer.Headers.Contains("Cache-Tag").ShouldBeFalse();
                answer.Headers.CacheControl!.NoCache.ShouldBeTrue();
            }
        }

        // The bounds promised: at least 90 % hits, at least 80 % fewer bytes from the origin.
        hits.ShouldBeGreaterThanOrEqualTo(items * rounds * 90 / 100);
        _originRequests.ShouldBe(items);
        _originBytes.ShouldBeLessThanOrEqualTo(edgeBytes * 20 / 100);
    }

    [RequiresToolFact("nginx")]
    public async Task Inputs_AreKeptApart()
    {
        await StartEdgeAsync();
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new Uri($"http://127.0.0.1:{_edge}") };
        (await client.PutAsync("/items/1", new StringContent(""))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await client.GetStringAsync("/items/1?page=a")).ShouldContain("\"page\":\"a\"");
        (await client.GetStringAsync("/items/1?page=b")).ShouldContain("\"page\":\"b\"");
        foreach (var who in new[] { "Bearer a", "Bearer b" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
            request.Headers.TryAddWithoutValidation("Authorization", who);
            using var answer = await client.SendAsync(request);
            (await answer.Content.ReadAsStringAsync()).ShouldBe("for " + who);
            answer.Headers.GetValues("X-Cache").Single().ShouldBe("BYPASS");
        }

        using var someone = new HttpRequestMessage(HttpMethod.Get, "/items/1?page=a");
        someone.Headers.TryAddWithoutValidation("Authorization", "Bearer a");
        (await client.SendAsync(someone)).Headers.GetValues("X-Cache").Single().ShouldBe("BYPASS");

        // Compressed at the origin: each client gets what it takes, whoever came first.
        using var on = new HttpRequestMessage(HttpMethod.Put, new Uri(new Uri(_app.Urls.First()), "/fettle/switches/response-compression")) { Content = new StringContent("{\"on\":true}", Encoding.UTF8, "application/json") };
        on.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Token);
        (await client.SendAsync(on)).EnsureSuccessStatusCode();
        foreach (var (accept, encoding) in new[] { ("gzip, deflate, br", "br"), ("identity", ""), ("gzip;q=1", "gzip"), ("br", "br"), ("deflate", "") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/items/7");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
            using var answer = await client.SendAsync(request);
            string.Join(",", answer.Content.Headers.ContentEncoding).ShouldBe(encoding, accept);
            answer.Headers.Vary.ShouldContain("Accept-Encoding");
        }
    }

    /// <summary>Starts nginx on the configuration that the verb writes from the running service.</summary>
    async Task StartEdgeAsync()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _edge = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        var file = Path.Combine(_folder, "edge.conf");
        using (var console = ConsoleCapture.Start())
        {
            var code = await CommandLine.RunAsync(
                ["delivery", "cdn", "--vendor", "nginx", "--url", _app.Urls.First(), "--token", Token, "--origin", _app.Urls.First(), "--listen", $"127.0.0.1:{_edge}", "--out", file]);
            code.ShouldBe(0, console.Error);
        }

        // Only the place of the cache is another than on a server.
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("/var/cache/nginx/shop", Path.Combine(_folder, "cache"), StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(_folder, "nginx.conf"), $$"""
            {{(Environment.UserName == "root" ? "user root; " : "")}}daemon off; worker_processes 1; pid {{_folder}}/pid; error_log {{_folder}}/error;
            events { worker_connections 256; }
            http {
                access_log off; client_body_temp_path {{_folder}}/body; proxy_temp_path {{_folder}}/proxy; fastcgi_temp_path {{_folder}}/f; uwsgi_temp_path {{_folder}}/u; scgi_temp_path {{_folder}}/s;
                include {{file}};
            }
            """);
        _nginx = Process.Start(Tools.Find("nginx")!, ["-c", Path.Combine(_folder, "nginx.conf"), "-p", _folder, "-e", Path.Combine(_folder, "error")]);
        using var client = new HttpClient();
        await Eventually.IsTrueAsync(
            () =>
            {
                _nginx.HasExited.ShouldBeFalse(File.Exists(Path.Combine(_folder, "error")) ? File.ReadAllText(Path.Combine(_folder, "error")) : "nginx ended");
                try
                {
                    return client.GetAsync($"http://127.0.0.1:{_edge}/livez").GetAwaiter().GetResult().IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the edge answers");
    }
}
