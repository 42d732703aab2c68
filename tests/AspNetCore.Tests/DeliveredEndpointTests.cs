using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Caching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class DeliveredEndpointTests(DeliveredEndpointTests.Fixture fixture) : IClassFixture<DeliveredEndpointTests.Fixture>
{
    const int Repeats = 60;
    static readonly string?[] Clients = [null, "identity", "gzip", "br", "gzip, br", "br;q=0, gzip", "gzip;q=0.0, br;q=0", "zstd"];

    [Fact]
    public async Task Policy_BecomesHeadersForBrowserAndEdge()
    {
        var (service, _) = await fixture.FreshAsync();

        using var answer = await service.Client.GetAsync("/item/1");

        answer.Headers.CacheControl!.NoCache.ShouldBeTrue();
        answer.Headers.GetValues("CDN-Cache-Control").ShouldBe(["max-age=300, stale-while-revalidate=60"]);
        answer.Headers.GetValues("Cache-Tag").ShouldBe(["items,shop"]);
        answer.Headers.ETag!.IsWeak.ShouldBeTrue();
        answer.Headers.Vary.ShouldBe(["Accept-Encoding"]);

        using var fixedAnswer = await service.Client.GetAsync("/fixed");
        fixedAnswer.Headers.GetValues("Cache-Control").Single().ShouldBe("public, max-age=31536000, immutable");
        fixedAnswer.Headers.Contains("CDN-Cache-Control").ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KnownTag_Is304WithTheSameHeadersAndNoBody(bool kept)
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "answer-cache", kept);
        using var first = await service.Client.GetAsync("/item/1");
        var tag = first.Headers.ETag!.ToString();
        foreach (var known in new[] { tag, tag[2..], "*", $"\"other\", {tag}" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/item/1");
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
            using var answer = await service.Client.SendAsync(request);

            answer.StatusCode.ShouldBe(HttpStatusCode.NotModified, known);
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
            answer.Headers.ETag!.ToString().ShouldBe(tag);
            answer.Headers.Vary.ShouldContain("Accept-Encoding");
            answer.Headers.Contains("CDN-Cache-Control").ShouldBeTrue();
        }

        state.Version++;
        using var again = new HttpRequestMessage(HttpMethod.Get, "/item/1");
        again.Headers.TryAddWithoutValidation("If-None-Match", tag);
        using var changed = await service.Client.SendAsync(again);
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag!.ToString().ShouldNotBe(tag);
    }

    /// <summary>Whoever asks first, with compression and the answer cache on or off: each client gets the right body in an encoding that it takes, and Vary.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task EveryOrderOfClients_GetsWhatEachAccepts(bool compresses, bool keeps)
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "response-compression", compresses);
        await SetAsync(service, "answer-cache", keeps);
        for (var first = 0; first < Clients.Length; first++)
        {
            for (var i = 0; i < Clients.Length; i++)
            {
                var accept = Clients[(first + i) % Clients.Length];
                var because = $"{accept} after {Clients[first]}, {compresses}, {keeps}";
                using var answer = await GetAsync(service, $"/item/{first}", accept);
                var encoding = string.Join(",", answer.Content.Headers.ContentEncoding);

                encoding.ShouldBe(compresses ? Expected(accept) : "", because);
                answer.Headers.Vary.ShouldContain("Accept-Encoding", because);
                (await DecodeAsync(answer)).ShouldBe(Body(first, state.Version), because);
                (answer.Headers.TryGetValues("X-Cache-Status", out var said) ? said.Single() : "").ShouldBe(keeps && i > 0 ? "HIT" : "", because);
            }
        }
    }

    [Fact]
    public async Task EqualRequests_ShareAnAnswerUntilTheVersionMoves()
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "answer-cache", true);
        await service.Client.GetStringAsync("/item/1");
        await service.Client.GetStringAsync("/item/1");
        state.Calls.ShouldBe(1);

        await service.Client.GetStringAsync("/item/1?x=1");
        await service.Client.GetStringAsync("/item/2");
        state.Calls.ShouldBe(3);

        state.Version++;
        (await service.Client.GetStringAsync("/item/1")).ShouldBe(Body(1, state.Version));
        state.Calls.ShouldBe(4);
    }

    [Fact]
    public async Task QuestionMarkWithinThePath_IsAnotherRequestThanAQuery()
    {
        var state = new State();
        await using var service = await ServiceUnderTest.StartAsync(
            build: b => b.Services.AddFettleCache().AddAnswerCache(),
            map: app => app.MapGet("/name/{name}", (string name) => state.Answer(Results.Text(name))).DeliverAs(new DeliveryPolicy("names") { Version = _ => ValueTask.FromResult("1") }));
        await SetAsync(service, "answer-cache", true);

        (await service.Client.GetStringAsync("/name/a?b=1")).ShouldBe("a");
        (await service.Client.GetStringAsync("/name/a%3Fb=1")).ShouldBe("a?b=1");
        state.Calls.ShouldBe(2);
        (await service.Client.GetStringAsync("/name/a?b=1")).ShouldBe("a");
        var statistics = (await service.Services.GetRequiredService<FettleCache>().GetStatisticsAsync()).Categories.Single(c => c.Name == "answers");
        (statistics.Hits, statistics.Misses.Total).ShouldBe((1, 2));
    }

    [Fact]
    public async Task PostedBodies_AreTheKeyByteForByte()
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "answer-cache", true);
        async Task<string> PostAsync(string body, string type = "application/json")
        {
            using var answer = await service.Client.PostAsync("/echo", new StringContent(body, Encoding.UTF8, type));
            return await answer.Content.ReadAsStringAsync();
        }

        string[] bodies = ["{\"a\":1}", "{\"a\": 1}", "", "{\"a\":\"é\"}", "{\"a\":\"è\"}", new string('x', 4096), new string('x', 10_000)];
        foreach (var body in bodies.Concat(bodies))
        {
            (await PostAsync(body)).ShouldBe("echo " + body);
        }

        // The one over the bound reaches the endpoint each time, whole.
        state.Calls.ShouldBe(bodies.Length + 1);
        await PostAsync(bodies[0], "text/plain");
        state.Calls.ShouldBe(bodies.Length + 2);
    }

    [Theory]
    [InlineData("Authorization", "Bearer someone")]
    [InlineData("Cookie", "session=1")]
    public async Task RequestsOfSomeone_AlwaysReachTheEndpoint(string header, string value)
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "answer-cache", true);
        await service.Client.GetStringAsync("/item/1");
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/item/1");
            request.Headers.TryAddWithoutValidation(header, value);
            (await service.Client.SendAsync(request)).EnsureSuccessStatusCode();
        }

        state.Calls.ShouldBe(3);
    }

    [Theory]
    [InlineData("/missing")]
    [InlineData("/private")]
    [InlineData("/cookie")]
    public async Task AnswersForOneCaller_AreNotKeptAndHaveNoTag(string path)
    {
        var (service, state) = await fixture.FreshAsync();
        await SetAsync(service, "answer-cache", true);
        for (var i = 0; i < 2; i++)
        {
            using var answer = await service.Client.GetAsync(path);
            answer.Headers.ETag.ShouldBeNull();
            answer.Headers.Contains("CDN-Cache-Control").ShouldBeFalse();
        }

        state.Calls.ShouldBe(2);
    }

    [Fact]
    public async Task Policies_AreTheGoldenContract()
    {
        var (service, _) = await fixture.FreshAsync();
        Golden.Matches("delivery.json", JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/delivery"))!);
    }

    [Fact]
    public void WrongPolicies_AreRefusedWithWhatIsAllowed()
    {
        Should.Throw<ArgumentException>(() => new DeliveryPolicy("Two words")).Message.ShouldContain("Two words");
        Should.Throw<ArgumentOutOfRangeException>(() => new DeliveryPolicy("a") { Edge = TimeSpan.FromDays(400) }).Message.ShouldContain("Edge");
        Should.Throw<ArgumentOutOfRangeException>(() => new DeliveryPolicy("a") { Browser = TimeSpan.FromSeconds(-1) }).Message.ShouldContain("Browser");
        Should.Throw<ArgumentException>(() => new DeliveryPolicy("a") { Tags = ["with,comma"] }).Message.ShouldContain("with,comma");
        Should.Throw<ArgumentException>(() => new DeliveryPolicy("a") { Tags = [new string('x', 121)] }).Message.ShouldContain("120");
        Should.Throw<ArgumentException>(() => new DeliveryPolicy("a") { Tags = [.. Enumerable.Range(0, 51).Select(i => $"t{i}")] }).Message.ShouldContain("50");
    }

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip;q=0.5,br;q=0.1", "br")]
    [InlineData("BR", "br")]
    [InlineData("gzip , br;q=0", "gzip")]
    [InlineData("br;q=0.000", null)]
    [InlineData("x-gzip", null)]
    [InlineData("", null)]
    public void AcceptedEncodings_AreRead(string header, string? chosen) => AcceptedEncoding.Choose(header).ShouldBe(chosen);

    static Task<ServiceUnderTest> StartAsync(Func<State> current) => ServiceUnderTest.StartAsync(
        build: b => b.Services.AddFettleCache().AddAnswerCache(),
        map: app =>
        {
            ValueTask<string> Version(HttpContext context) => ValueTask.FromResult($"v{current().Version}");
            app.MapGet("/item/{id}", (int id) => current().Answer(Results.Text(Body(id, current().Version), "application/json")))
                .DeliverAs(new DeliveryPolicy("items") { Edge = TimeSpan.FromMinutes(5), EdgeStale = TimeSpan.FromMinutes(1), Tags = ["items", "shop"], Query = ["x"], Version = Version });
            app.MapGet("/fixed", () => Results.Text("fixed")).DeliverAs(new DeliveryPolicy("fixed") { Browser = TimeSpan.FromDays(365), Immutable = true });
            app.MapPost("/echo", async (HttpContext context) =>
            {
                using var reader = new StreamReader(context.Request.Body);
                return current().Answer(Results.Text("echo " + await reader.ReadToEndAsync()));
            }).DeliverAs(new DeliveryPolicy("echo") { Version = Version });
            var own = new DeliveryPolicy("own") { Edge = TimeSpan.FromMinutes(5), Version = Version };
            app.MapGet("/missing", () => current().Answer(Results.NotFound())).DeliverAs(own);
            app.MapGet("/private", (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = "private";
                return current().Answer(Results.Text("yours"));
            }).DeliverAs(own);
            app.MapGet("/cookie", (HttpContext context) =>
            {
                context.Response.Cookies.Append("id", "1");
                return current().Answer(Results.Text("yours"));
            }).DeliverAs(own);
        });

    static string Body(int id, int version) => "[" + string.Join(",", Enumerable.Range(0, Repeats).Select(i => $"{{\"id\":{id},\"version\":{version},\"row\":{i}}}")) + "]";

    static string Expected(string? accept) => accept switch
    {
        "gzip" or "br;q=0, gzip" => "gzip",
        "br" or "gzip, br" => "br",
        _ => "",
    };

    static async Task SetAsync(ServiceUnderTest service, string name, bool on) =>
        (await service.Admin.PutAsync($"/fettle/switches/{name}", new StringContent($"{{\"on\":{(on ? "true" : "false")}}}", Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();

    static async Task<HttpResponseMessage> GetAsync(ServiceUnderTest service, string path, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        }

        return await service.Client.SendAsync(request);
    }

    static async Task<string> DecodeAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        await using Stream decoded = string.Join(",", answer.Content.Headers.ContentEncoding) switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        return await new StreamReader(decoded, Encoding.UTF8).ReadToEndAsync();
    }

    /// <summary>One service for all; every test begins with its switches off and a version of data that no kept answer is of.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        const int Apart = 100;
        ServiceUnderTest _service = null!;
        State _state = new();

        public async Task InitializeAsync() => _service = await StartAsync(() => _state);

        public async Task DisposeAsync() => await _service.DisposeAsync();

        internal async Task<(ServiceUnderTest Service, State State)> FreshAsync()
        {
            _state = new State { Version = _state.Version + Apart };
            await SetAsync(_service, "answer-cache", false);
            await SetAsync(_service, "response-compression", false);
            return (_service, _state);
        }
    }

    internal sealed class State
    {
        int _calls;

        public int Calls => _calls;

        public int Version { get; set; }

        public IResult Answer(IResult result)
        {
            Interlocked.Increment(ref _calls);
            return result;
        }
    }
}
