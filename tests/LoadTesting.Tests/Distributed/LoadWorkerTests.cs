using System.Collections.Concurrent;
using Fettle.LoadTesting.Distributed;
using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Distributed;

[Trait("Category", "Slow")]
public sealed class LoadWorkerTests
{
    static async Task<(ScenarioRun Run, CancellationTokenSource[] Stops)> RunAsync(RedisServer redis, Uri target, string yaml, int workers, Action<CancellationTokenSource[]>? meanwhile = null, TimeSpan? silentAfter = null, CancellationToken cancellation = default)
    {
        var address = RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}");
        var stops = Enumerable.Range(0, workers).Select(_ => new CancellationTokenSource()).ToArray();
        var serving = stops.Select((s, i) => new LoadWorker(address, new LoadWorkerOptions { Name = $"w{i}" }).RunAsync(null, s.Token)).ToArray();
        meanwhile?.Invoke(stops);
        try
        {
            var options = new ScenarioRunOptions { Target = target, Workers = new WorkerFleetOptions { Redis = address, Count = workers, SilentAfter = silentAfter ?? TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(60) } };
            return (await new ScenarioRunner().RunAsync(ScenarioReader.Parse(yaml), options, null, cancellation), stops);
        }
        finally
        {
            foreach (var stop in stops)
            {
                await stop.CancelAsync();
            }

            await Task.WhenAll(serving);
        }
    }

    [RequiresRedisFact]
    public async Task Workers_DivideArrivalsUsersFeedsAndSetup()
    {
        await using var redis = await RedisServer.StartAsync();
        var seen = new ConcurrentBag<ScriptedRequest>();
        await using var server = new ScriptedServer(async r =>
        {
            seen.Add(r);
            await r.WriteAsync(r.Path == "/login" ? "HTTP/1.1 200 OK\r\nX-Token: t7\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            return true;
        });
        var (run, _) = await RunAsync(redis, server.BaseUrl, """
            name: together
            feeds: { item: { values: [a, b, c, d, e, f], choose: sequential } }
            setup: [{ path: /login, extract: { token: { header: X-Token } } }]
            teardown: [{ path: /bye }]
            scenarios:
              open: { rate: 60, duration: 2s, requests: [{ name: item, path: "/i/${item}", headers: { X-Token: "${token}" } }] }
              closed: { users: 4, requests-limit: 22, duration: 20s, requests: [{ name: user, path: "/u/${user}" }] }
            thresholds: { "http_reqs{scenario:open}": count==120, http_req_failed: rate==0 }
            """, workers: 3);

        run.Workers.Select(w => (w.Completed, w.Note)).ShouldAllBe(w => w.Completed && w.Note == "");
        run.Workers.Sum(w => w.Requests).ShouldBe(142);
        run.Thresholds.ShouldAllBe(t => t.Passed);
        run.Overall.Requests.ShouldBe(142);
        run.Results[0].Result.Latency.Count.ShouldBe(120);
        run.Results[0].Result.Blocks.Sum(b => b.Requests).ShouldBe(120);
        var items = seen.Where(r => r.Path.StartsWith("/i/") && r.Header("X-Token") == "t7").ToArray();
        items.Length.ShouldBe(121); // and the check before the run
        items.GroupBy(r => r.Path).Select(g => g.Count()).ShouldAllBe(n => n >= 20 && n <= 21);
        seen.Where(r => r.Path.StartsWith("/u/")).Select(r => r.Path).Distinct().Order().ShouldBe(["/u/0", "/u/1", "/u/2", "/u/3"]);
        seen.Count(r => r.Path is "/login" or "/bye").ShouldBe(2);
        LoadReport.Of(run, ["test"]).ToText().ShouldContain("3 of 3");
    }

    [RequiresRedisFact]
    public async Task WorkerThatEndsEarly_IsReportedAndTheRunIsMarked()
    {
        await using var redis = await RedisServer.StartAsync();
        CancellationTokenSource[] workers = [];
        await using var server = new ScriptedServer(async r =>
        {
            if (r.Number == 30)
            {
                await workers[1].CancelAsync();
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var (run, _) = await RunAsync(redis, server.BaseUrl, "scenarios: { a: { rate: 30, duration: 12s, requests: [{ path: / }] } }", 2, stops => workers = stops);

        var lost = run.Workers.Where(w => !w.Completed).ShouldHaveSingleItem();
        lost.Id.ShouldStartWith("w1");
        lost.Note.ShouldContain("ended before its time");
        run.Overall.Requests.ShouldBeInRange(180, 359); // the whole share of one and what the other did
        run.ExitCode.ShouldBe(4);
        var text = LoadReport.Of(run, ["test"]).ToText();
        text.ShouldContain($"LOST  worker {lost.Id}");
    }

    [RequiresRedisFact]
    public async Task Cancelling_StopsEveryWorker()
    {
        await using var redis = await RedisServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        await using var server = new ScriptedServer(async r =>
        {
            if (r.Number == 100)
            {
                await cancel.CancelAsync();
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var (run, _) = await RunAsync(redis, server.BaseUrl, "scenarios: { a: { rate: 100, duration: 5m, requests: [{ path: / }] } }", 2, cancellation: cancel.Token);
        run.Overall.Interrupted.ShouldBeTrue();
        run.ExitCode.ShouldBe(130);
        run.Overall.Requests.ShouldBeInRange(1, 29_999);
    }

    [RequiresRedisFact]
    public async Task AbortOnFailInOneWorker_EndsTheRun()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync(r.Number == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var (run, _) = await RunAsync(redis, server.BaseUrl, "scenarios: { a: { rate: 100, duration: 5m, requests: [{ path: / }] } }\nthresholds: { http_req_failed: [{ threshold: rate<0.1, abortOnFail: true }] }", 2);
        run.AbortedBy.ShouldNotBeNull().ShouldStartWith("http_req_failed: rate<0.1");
        run.ExitCode.ShouldBe(99);
    }

    [RequiresRedisFact]
    public async Task TooFewWorkers_IsOneClearError()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = ScriptedServer.Healthy();
        var fleet = new WorkerFleetOptions { Redis = RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}"), Patience = TimeSpan.FromMilliseconds(300) };
        var e = await Should.ThrowAsync<IOException>(() => new ScenarioRunner().RunAsync(
            ScenarioReader.Parse("scenarios: { a: { rate: 1, duration: 1s, requests: [{ path: / }] } }"), new ScenarioRunOptions { Target = server.BaseUrl, Workers = fleet }));
        e.Message.ShouldContain("0 workers are at redis://127.0.0.1:");
        e.Message.ShouldContain("fettle load worker");
    }

    [RequiresRedisFact]
    public async Task WorkerOwnLimits_HoldWhateverIsAsked()
    {
        await using var redis = await RedisServer.StartAsync();
        var address = RedisOptions.Parse($"redis://127.0.0.1:{redis.Port}");
        await using var server = ScriptedServer.Healthy();
        using var stop = new CancellationTokenSource();
        var serving = new LoadWorker(address, new LoadWorkerOptions { Limits = new ScenarioRunOptions { MaxRate = 10 } }).RunAsync(null, stop.Token);
        var e = await Should.ThrowAsync<IOException>(() => new ScenarioRunner().RunAsync(
            ScenarioReader.Parse("scenarios: { a: { rate: 500, duration: 1s, requests: [{ path: / }] } }"),
            new ScenarioRunOptions { Target = server.BaseUrl, Workers = new WorkerFleetOptions { Redis = address, Count = 1, Patience = TimeSpan.FromSeconds(60) } }));
        e.Message.ShouldContain("the limit is 10");
        await stop.CancelAsync();
        await serving;
        server.Requests.ShouldBe(1); // the coordinator's check
    }

    [Fact]
    public async Task Result_SurvivesTheWire()
    {
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync(r.Number % 7 == 0 ? "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            return true;
        });
        var result = await new LoadGenerator().RunAsync(new LoadPlan { BaseUrl = server.BaseUrl, Model = LoadModel.Rate(100), Source = new RequestCycle([LoadRequest.Get("/")]), Duration = TimeSpan.FromSeconds(1) });
        var again = ResultJson.Read(System.Text.Json.Nodes.JsonNode.Parse(ResultJson.Write(result).ToJsonString())!);
        ResultJson.Write(again).ToJsonString().ShouldBe(ResultJson.Write(result).ToJsonString());
        (again.Requests, again.Failed, again.Latency.Count).ShouldBe((result.Requests, result.Failed, result.Latency.Count));
        again.Latency.MillisecondsAt(99).ShouldBe(result.Latency.MillisecondsAt(99), result.Latency.MillisecondsAt(99) * 0.002);
    }

    [Fact]
    public void OpenFileLimit_SaysWhatIsMissing()
    {
        OpenFileLimit.Missing(15_000, 20_000).ShouldBeNull();
        OpenFileLimit.Missing(15_000, null).ShouldBeNull();
        OpenFileLimit.Missing(20_000, 20_000)!.ShouldContain("ulimit -n 20250");
    }
}
