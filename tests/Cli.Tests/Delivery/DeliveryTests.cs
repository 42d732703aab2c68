using System.Net;
using System.Text;
using Fettle.Cli;
using Fettle.Cli.Delivery;

namespace Fettle.Cli.Tests.Delivery;

/// <summary>The verbs against a server of the test's own that answers as told.</summary>
public sealed class DeliveryTests : IDisposable
{
    readonly HttpListener _listener = new();
    readonly Dictionary<string, Action<HttpListenerContext>> _answers = [];
    readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    readonly string _address;

    public DeliveryTests()
    {
        using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        }

        _listener.Prefixes.Add(_address);
        _listener.Start();
        _ = ServeAsync();
    }

    public void Dispose()
    {
        _client.Dispose();
        _listener.Close();
    }

    async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                if (_answers.TryGetValue(context.Request.Url!.AbsolutePath, out var answer))
                {
                    answer(context);
                }
                else
                {
                    context.Response.StatusCode = 404;
                }

                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    void Answer(string path, string type, string body, params (string Name, string Value)[] headers) => _answers[path] = context =>
    {
        context.Response.ContentType = type;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers.Add(name, value);
        }

        if (headers.FirstOrDefault(h => h.Name == "ETag").Value is { } tag && context.Request.Headers["If-None-Match"] == tag)
        {
            context.Response.StatusCode = 304;
            return;
        }

        context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(body));
    };

    async Task<string[]> RulesAsync(string path) => [.. (await new CacheLint(_client).RunAsync(new Uri(_address + path), CancellationToken.None)).Select(f => f.Rule).Distinct()];

    [Fact]
    public async Task GoodPageWithGoodAssets_HasNoFinding()
    {
        Answer("/", "text/html", "<script src='/app-1a2b3c4d5e.js'></script><img src='http://elsewhere.example/x.png'>", ("Cache-Control", "no-cache"), ("ETag", "\"1\""), ("Vary", "Accept-Encoding"));
        Answer("/app-1a2b3c4d5e.js", "text/javascript", "1", ("Cache-Control", "public, max-age=31536000, immutable"), ("ETag", "\"2\""));

        (await RulesAsync("")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("no-policy", "text/plain", "x", "ETag=\"1\"")]
    [InlineData("contradiction", "text/plain", "x", "Cache-Control=private, s-maxage=60;ETag=\"1\"")]
    [InlineData("public-cookie", "text/plain", "x", "Cache-Control=public, max-age=60;ETag=\"1\";Set-Cookie=a=b")]
    [InlineData("page-too-long", "text/html", "x", "Cache-Control=max-age=86400;ETag=\"1\"")]
    [InlineData("vary-star", "text/plain", "x", "Cache-Control=max-age=60;ETag=\"1\";Vary=*")]
    [InlineData("vary-many", "text/plain", "x", "Cache-Control=max-age=60;ETag=\"1\";Vary=Cookie")]
    [InlineData("no-validator", "text/plain", "x", "Cache-Control=max-age=60")]
    [InlineData("encoding-not-asked-for", "image/png", "x", "Cache-Control=max-age=60;ETag=\"1\";Content-Encoding=br")]
    public async Task Mistake_IsExplained(string rule, string type, string body, string headers)
    {
        Answer("/a", type, body, [.. headers.Split(';').Select(h => (h[..h.IndexOf('=', StringComparison.Ordinal)], h[(h.IndexOf('=', StringComparison.Ordinal) + 1)..]))]);
        (await RulesAsync("a")).ShouldBe([rule]);
    }

    [Fact]
    public async Task LongTextWithoutCompression_IsAdvice()
    {
        Answer("/a", "application/json", new string('a', 5000), ("Cache-Control", "max-age=60"), ("ETag", "\"1\""));
        (await RulesAsync("a")).ShouldBe(["not-compressed"]);
    }

    [Fact]
    public async Task CompressedWithoutVary_IsWrong()
    {
        _answers["/a"] = context =>
        {
            context.Response.ContentType = "text/css";
            context.Response.Headers.Add("Cache-Control", "no-store");
            if (context.Request.Headers["Accept-Encoding"]!.Contains("gzip", StringComparison.Ordinal))
            {
                context.Response.Headers.Add("Content-Encoding", "gzip");
            }
        };
        (await RulesAsync("a")).ShouldBe(["no-vary"]);
    }

    [Fact]
    public async Task IgnoredValidatorAndShortHashedName_AreFound()
    {
        _answers["/app.1a2b3c4d5e.css"] = context =>
        {
            context.Response.ContentType = "text/css";
            context.Response.Headers.Add("Cache-Control", "max-age=60");
            context.Response.Headers.Add("ETag", "\"1\"");
        };
        (await RulesAsync("app.1a2b3c4d5e.css")).ShouldBe(["hashed-but-short", "validator-ignored"], ignoreOrder: true);
    }

    [Fact]
    public async Task Verbs_AnswerWithTheirExitCodes()
    {
        Answer("/good", "text/plain", "x", ("Cache-Control", "no-cache"), ("ETag", "\"1\""), ("X-Cache", "HIT"));
        (await CommandLine.RunAsync(["delivery", "lint", _address + "good"])).ShouldBe(0);
        (await CommandLine.RunAsync(["delivery", "lint", _address + "missing"])).ShouldBe(1);
        (await CommandLine.RunAsync(["delivery", "lint", "ftp://x"])).ShouldBe(2);
        (await CommandLine.RunAsync(["delivery", "probe", _address + "good", "--times", "2"])).ShouldBe(0);
        (await CommandLine.RunAsync(["delivery", "probe", _address, "--times", "0"])).ShouldBe(2);
        (await CommandLine.RunAsync(["delivery", "probe", "http://127.0.0.1:1/"])).ShouldBe(1);
    }

    [Fact]
    public async Task Probe_TimesThePhasesAndNamesTheCache()
    {
        Answer("/a", "text/plain", "hello", ("X-Cache", "HIT"));
        var result = await EdgeProbe.RunAsync(new Uri(_address + "a"), CancellationToken.None);

        (result.Status, result.Bytes, result.Edge, result.TlsMs).ShouldBe((200, 5, "X-Cache: HIT", null));
        result.ConnectMs.ShouldBeGreaterThan(0);
        result.TotalMs.ShouldBeGreaterThanOrEqualTo(result.FirstByteMs);
    }

    [Theory]
    [InlineData("Cache-Status", "edge; hit", "Cache-Status: edge; hit")]
    [InlineData("CF-Cache-Status", "DYNAMIC", "CF-Cache-Status: DYNAMIC")]
    [InlineData("Age", "12", "Age: 12")]
    [InlineData("X-Other", "1", "no cache says so")]
    public void Edge_ReadsWhatCachesSay(string header, string value, string said)
    {
        using var answer = new HttpResponseMessage();
        answer.Headers.TryAddWithoutValidation(header, value);
        EdgeProbe.Edge(answer).ShouldBe(said);
    }
}
