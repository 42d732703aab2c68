using System.Collections.Concurrent;
using System.Text.Json;
using Fettle.LoadTesting.Scenarios;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Scenarios;

public sealed class ScenarioRunnerTests
{
    static async Task Json(ScriptedRequest r, string json, string headers = "", string status = "200 OK") =>
        await r.WriteAsync($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {json.Length}\r\n\r\n{json}");

    [Fact]
    public async Task StepsVariablesFeedsCookiesAndSetup_WorkTogether()
    {
        var seen = new ConcurrentBag<ScriptedRequest>();
        await using var server = new ScriptedServer(async r =>
        {
            seen.Add(r);
            await Json(r, r.Path switch { "/login" => """{"token":"t-9"}""", "/orders" => """{"order":{"ids":[17,18]}}""", _ => """{"ok":true}""" },
                r.Path == "/orders" ? "Set-Cookie: basket=b5; Path=/\r\n" : "");
            return true;
        });
        var file = ScenarioReader.Parse("""
            feeds: { item: { values: [p, q], choose: sequential } }
            setup: [{ method: POST, path: /login, json: {}, extract: { token: { json: $.token } } }]
            teardown: [{ path: /bye }]
            scenarios:
              buy:
                users: 2
                requests-limit: 6
                duration: 20s
                cookies: true
                requests:
                  - steps:
                      - { name: order, method: POST, path: /orders, headers: { X-Token: "${token}" }, json: { list: { $repeat: 2, $item: { it: "${item}" } }, n: 1 }, extract: { id: { json: "$.order.ids[-1]" } } }
                      - { name: pay, path: "/pay/${id}?q=a${item}b", checks: [{ json: $.ok, equals: "true" }] }
            """);
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl });
        run.Overall.Failed.ShouldBe(0, string.Join(';', run.Overall.ErrorSamples));
        run.Overall.Requests.ShouldBe(12);
        var orders = seen.Where(r => r.Path == "/orders").ToArray();
        orders.Length.ShouldBe(7); // six and the check before the run
        orders.ShouldAllBe(r => r.Header("X-Token") == "t-9");
        orders.SelectMany(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("list").EnumerateArray().Select(i => i.GetProperty("it").GetString())).Distinct().Order().ShouldBe(["p", "q"]);
        var pays = seen.Where(r => r.Path.StartsWith("/pay")).ToArray();
        pays.ShouldAllBe(r => r.Path.StartsWith("/pay/18?q=a") && r.Header("Cookie") == "basket=b5");
        seen.Count(r => r.Path == "/bye").ShouldBe(1);
    }

    [Fact]
    public async Task FailedChecksAndExtractions_AreErrorsByName()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await Json(r, r.Number > 1 ? """{"a":2}""" : """{"a":1,"id":1}""");
            return true;
        });
        var file = ScenarioReader.Parse("""
            scenarios:
              s: { users: 1, requests-limit: 4, duration: 20s, requests: [{ name: r, path: /, checks: [{ name: a is 1, json: $.a, equals: "1" }], extract: { id: { json: $.id } } }] }
            thresholds: { checks: rate>0.9, http_req_failed: rate<0.5, http_reqs: count==4 }
            """);
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl });
        run.Overall.Errors.ShouldBe(new Dictionary<string, long> { ["check failed: a is 1"] = 4 });
        run.Thresholds.Select(t => t.Passed).ShouldBe([false, false, true]);
        run.ExitCode.ShouldBe(99);
    }

    [Fact]
    public async Task ThresholdWithAbort_EndsTheRunEarly()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await Json(r, "{}", status: r.Number == 1 ? "200 OK" : "500 Oops");
            return true;
        });
        var file = ScenarioReader.Parse("""
            scenarios: { s: { rate: 200, duration: 60s, requests: [{ path: / }] } }
            thresholds: { http_req_failed: [{ threshold: rate<0.01, abortOnFail: true, delayAbortEval: 1s }] }
            """);
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl });
        run.AbortedBy.ShouldNotBeNull().ShouldContain("http_req_failed: rate<0.01");
        run.Overall.Seconds.ShouldBeLessThan(30);
        run.ExitCode.ShouldBe(99);
    }

    [Fact]
    public async Task FailingRequest_StopsBeforeTheRun()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await Json(r, """{"error":"no such page"}""", status: "404 Not Found");
            return true;
        });
        var file = ScenarioReader.Parse("scenarios: { s: { rate: 200, duration: 60s, requests: [{ name: home, path: /nowhere, checks: [{ json: $.x }] }] } }");
        var e = await Should.ThrowAsync<ScenarioException>(() => new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl }));
        e.Mistakes.Single().ShouldContain("request home");
        e.Mistakes.Single().ShouldContain("no such page");
        server.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task LimitsOfRateAndDuration_AreKept()
    {
        var file = ScenarioReader.Parse("scenarios: { s: { rate: 60000, duration: 3h, requests: [{ path: / }] } }");
        var e = await Should.ThrowAsync<ScenarioException>(() => new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = new Uri("http://127.0.0.1:9") }));
        e.Mistakes.Count.ShouldBe(2);
        e.Mistakes[0].ShouldContain("--max-rate");
        e.Mistakes[1].ShouldContain("--max-duration");
    }

    [Fact]
    public async Task ParallelAndSequentialScenarios_AreCountedApart()
    {
        await using var server = ScriptedServer.Healthy();
        var file = ScenarioReader.Parse("""
            scenarios:
              a: { rate: 100, duration: 1s, requests: [{ path: /a }] }
              b: { users: 2, think: 20ms, duration: 1s, requests: [{ path: /b }] }
              c: { after: a, rate: 50, arrivals: poisson, duration: 1s, requests: [{ path: /c }] }
            """);
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl, Threads = 2 });
        run.Results[0].Result.Requests.ShouldBe(100);
        run.Results[1].Result.Requests.ShouldBeInRange(1, 110);
        ((double)run.Results[2].Result.Requests).ShouldBe(50, 30);
        run.Overall.Requests.ShouldBe(run.Results.Sum(r => r.Result.Requests));
        run.Overall.ByRequest.Select(r => r.Name).ShouldBe(["a//a", "b//b", "c//c"]);
        run.Overall.Seconds.ShouldBe(2, 0.01);
    }
}
