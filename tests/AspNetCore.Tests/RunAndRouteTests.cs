using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore.Tests;

public sealed class RunAndRouteTests
{
    [Fact]
    public async Task Runs_AreListedNewestFirstAndSentWhole()
    {
        var state = Directory.CreateTempSubdirectory("fettle-runs-").FullName;
        try
        {
            foreach (var (id, file, text) in new[]
            {
                ("20260101-000000-a", "result.json", """{"verdicts":[{"subject":"x","verdict":"kept"},{"subject":"total","verdict":"kept"}],"data":{"end":"improved"}}"""),
                ("20260102-000000-b", "journal.jsonl", "{\"event\":\"begin\"}\n"),
                ("20260103-000000-c", "result.json", "{ broken"),
            })
            {
                Directory.CreateDirectory(Path.Combine(state, "runs", id));
                File.WriteAllText(Path.Combine(state, "runs", id, file), text);
            }

            File.WriteAllText(Path.Combine(state, "secret.txt"), "secret");
            Directory.CreateDirectory(Path.Combine(state, "loads"));
            File.WriteAllText(Path.Combine(state, "loads", "steady.json"), """{"kind":"load","name":"steady","startedAt":"2026-01-02T03:04:05Z","durationSeconds":30,"tables":[]}""");
            File.WriteAllText(Path.Combine(state, "loads", "other.json"), """{"kind":"bench","name":"x"}""");
            File.WriteAllText(Path.Combine(state, "loads", "broken.json"), "{");
            await using var service = await ServiceUnderTest.StartAsync(o => o.StateFolder = state);
            var runs = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/runs"))!["runs"]!.AsArray();

            runs.Select(r => (string)r!["state"]!).ShouldBe(["unreadable", "no result yet", "finished"]);
            ((int)runs[2]!["kept"]!).ShouldBe(1);
            ((string)runs[2]!["end"]!).ShouldBe("improved");
            (await service.Admin.GetStringAsync("/fettle/runs/20260102-000000-b/journal")).ShouldContain("begin");
            (await service.Admin.GetStringAsync("/fettle/runs/20260101-000000-a")).ShouldContain("kept");
            (await service.Admin.GetAsync("/fettle/runs/20260102-000000-b")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            var loads = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/loads"))!["loads"]!.AsArray();
            ((string)loads.ShouldHaveSingleItem()!["id"]!).ShouldBe("steady.json");
            (await service.Admin.GetStringAsync("/fettle/loads/steady.json")).ShouldContain("\"steady\"");
            (await service.Admin.GetAsync("/fettle/loads/other.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await service.Admin.GetAsync("/fettle/loads/..%2fsecret.txt")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await service.Admin.GetAsync("/fettle/runs/..%2f..%2fsecret.txt")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public void Figures_AddTheStatusesOfARouteUp()
    {
        var bounds = new[] { 0.001, 0.01, 0.1 };
        var ok = new MetricSeries("http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/items/{id}\"", bounds);
        var failed = new MetricSeries("http_request_method=\"GET\",http_response_status_code=\"503\",http_route=\"/items/{id}\"", bounds);
        for (var i = 0; i < 90; i++)
        {
            ok.Observe(0.0005);
        }

        for (var i = 0; i < 10; i++)
        {
            failed.Observe(0.05);
        }

        MetricLabels.Quantile(bounds, [90, 0, 10, 0], 0.5).ShouldBe(0.001);
        MetricLabels.Quantile(bounds, [90, 0, 10, 0], 0.95).ShouldBe(0.1);
        MetricLabels.Quantile(bounds, [0, 0, 0, 0], 0.5).ShouldBe(0);
        MetricLabels.Quantile(bounds, [0, 0, 0, 4], 0.5).ShouldBe(0.1);
        MetricLabels.Read(ok.Labels, "http_route").ShouldBe("/items/{id}");
        MetricLabels.Read(ok.Labels, "route").ShouldBeNull();
        MetricLabels.Read("a=\"x\\\"y\\\\z\\n\",b=\"2\"", "a").ShouldBe("x\"y\\z\n");
        MetricLabels.Read("a=\"x\",b=\"2\"", "b").ShouldBe("2");
        failed.Count.ShouldBe(10);
    }

    [Fact]
    public async Task Routes_AreTemplatesWithCountsAndErrors()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/things/{id}", (int id) => id % 2 == 0 ? Results.Ok() : Results.StatusCode(503)));
        for (var i = 0; i < 10; i++)
        {
            await service.Client.GetAsync($"/things/{i}");
        }

        JsonNode? route = null;
        for (var i = 0; i < 100 && (route is null || (long)route["requests"]! < 10); i++)
        {
            // The duration is recorded after the answer was sent.
            var routes = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/routes"))!["routes"]!.AsArray();
            route = routes.FirstOrDefault(r => (string)r!["route"]! == "/things/{id}");
        }

        route.ShouldNotBeNull();
        ((long)route["errors"]!).ShouldBe(5);
        ((double)route["p95Ms"]!).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task BodyOverTheLimit_Is413WithOurType()
    {
        await using var service = await ServiceUnderTest.StartAsync(o => o.MaxRequestBytes = 2048);
        var body = new StringContent("{\"on\": true," + new string(' ', 4000) + "}", Encoding.UTF8, "application/json");
        var answer = await service.Admin.PutAsync("/fettle/switches/response-compression", body);

        answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:fettle:problem:body-too-large");
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not-found")]
    [InlineData("DELETE", "/livez", 405, "method-not-allowed")]
    [InlineData("GET", "/broken", 500, "internal-error")]
    public async Task FrameworksProblem_HasATypeOfOurs(string method, string path, int status, string name)
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/broken", string () => throw new InvalidOperationException("the password is hunter2")));
        var answer = await service.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        var body = await answer.Content.ReadAsStringAsync();

        ((int)answer.StatusCode).ShouldBe(status);
        body.ShouldContain("urn:fettle:problem:" + name);
        body.ShouldNotContain("hunter2");
        body.ShouldNotContain("InvalidOperation");
    }

    [Fact]
    public async Task RequestId_IsTheCallersTrace()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, "/livez");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");

        (await service.Client.SendAsync(request)).Headers.GetValues("X-Request-Id").ShouldBe(["0af7651916cd43dd8448eb211c80319c"]);
        (await service.Client.GetAsync("/livez")).Headers.GetValues("X-Request-Id").Single().ShouldNotBeEmpty();
    }
}
