using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Engine;

public sealed class LoadGeneratorTests
{
    static LoadPlan Plan(Uri url, LoadModel model, double seconds = 1) => new()
    {
        BaseUrl = url,
        Model = model,
        Source = new RequestCycle([LoadRequest.Get("/a", "a"), LoadRequest.PostJson("/b", "{\"x\":1}", "b")]),
        Duration = TimeSpan.FromSeconds(seconds),
        Timeout = TimeSpan.FromSeconds(30), // a busy machine answers late; only a test about timeouts asks for less
    };

    [Fact]
    public async Task OpenModel_SendsEveryArrival()
    {
        await using var server = ScriptedServer.Healthy();
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(200)));
        result.Requests.ShouldBe(200);
        result.Failed.ShouldBe(0);
        server.Requests.ShouldBe(200);
        result.Latency.Count.ShouldBe(200);
        result.ByRequest.Select(r => (r.Name, r.Requests)).ShouldBe([("a", 100L), ("b", 100L)]);
        result.Blocks.Sum(b => b.Requests).ShouldBe(200);
        result.Blocks.Count.ShouldBe(2);
    }

    [Fact]
    public async Task WarmUp_IsSentButNotCounted()
    {
        await using var server = ScriptedServer.Healthy();
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(100)) with { WarmUp = TimeSpan.FromSeconds(0.5) });
        result.Requests.ShouldBe(100);
        server.Requests.ShouldBe(150);
    }

    [Fact]
    public async Task ClosedModel_StopsAfterItsRequests()
    {
        await using var server = ScriptedServer.Healthy();
        var model = LoadModel.Users(8) with { Requests = 1001 };
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, model, seconds: 30));
        result.Requests.ShouldBe(1001);
        server.Requests.ShouldBe(1001);
        server.Accepted.ShouldBeLessThanOrEqualTo(8);
        result.Seconds.ShouldBeLessThan(30);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task SeveralThreads_ShareTheArrivals(int threads)
    {
        await using var server = ScriptedServer.Healthy();
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(300)) with { Threads = threads });
        result.Requests.ShouldBe(300);
        result.Failed.ShouldBe(0);
        result.Blocks.Sum(b => b.Requests).ShouldBe(300);
    }

    [Fact]
    public async Task Failures_AreCountedByClass()
    {
        await using var server = new ScriptedServer(async r =>
        {
            switch (r.Number % 10)
            {
                case 1:
                    await r.WriteAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
                    return true;
                case 2:
                    r.Reset();
                    return false;
                case 3:
                    return false;
                case 4:
                    await r.WriteAsync("SMTP nonsense\r\n\r\n");
                    return false;
                case 5:
                    await Task.Delay(Timeout.Infinite, r.Stopping);
                    return false;
                case 6:
                    await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
                    return true;
                default:
                    await r.WriteAsync("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
                    return true;
            }
        });
        var plan = Plan(server.BaseUrl, LoadModel.Rate(100)) with
        {
            Source = new RequestCycle([LoadRequest.PostJson("/", "{}", "post")]),
            Timeout = TimeSpan.FromSeconds(4),
            MaxResponseBytes = 50_000,
        };
        var result = await new LoadGenerator().RunAsync(plan);
        result.Requests.ShouldBe(100);
        result.Errors.ShouldBe(new Dictionary<string, long>
        {
            ["status 503"] = 10,
            ["connection reset"] = 10,
            ["closed early"] = 10,
            ["malformed answer"] = 10,
            ["timeout"] = 10,
            ["answer too large"] = 10,
        }, ignoreOrder: true);
        result.Failed.ShouldBe(60);
        result.ErrorSamples.Count(s => s.Class == "timeout").ShouldBe(5);
    }

    [Fact]
    public async Task NoServer_IsConnectionRefused()
    {
        Uri url;
        await using (var server = ScriptedServer.Healthy())
        {
            url = server.BaseUrl;
        }

        var open = await new LoadGenerator().RunAsync(Plan(url, LoadModel.Rate(100), 0.3));
        open.Errors.ShouldBe(new Dictionary<string, long> { ["connection refused"] = 30 });
        var closed = await new LoadGenerator().RunAsync(Plan(url, LoadModel.Users(3) with { Requests = 3 }, 30));
        (closed.Requests, closed.Failed).ShouldBe((3, 3));
    }

    [Fact]
    public async Task ForeignHost_IsRefused()
    {
        var plan = Plan(new Uri("http://192.0.2.1:80"), LoadModel.Rate(1));
        (await Should.ThrowAsync<InvalidOperationException>(() => new LoadGenerator().RunAsync(plan))).Message.ShouldContain("--allow-host 192.0.2.1");
    }

    [Fact]
    public async Task Cancelling_ReturnsWhatWasMeasured()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new ScriptedServer(async r =>
        {
            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            if (r.Number == 50)
            {
                await cancel.CancelAsync();
            }

            return true;
        });
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(100), 60), null, cancel.Token);
        result.Interrupted.ShouldBeTrue();
        result.Requests.ShouldBeLessThan(6000); // a starved loop may have read none of the fifty answers
        result.Seconds.ShouldBeLessThan(59);
    }

    [Fact]
    public async Task StalledServer_ShowsInTheLatencyFromTheIntendedStart()
    {
        // A stall of D seconds in an even run of T seconds: waits are spread between 0 and D over a share D/T of the requests,
        // so the 90th percentile is D − 0.1·T. The stall is measured, since a busy machine makes it longer, never shorter.
        var gate = new TaskCompletionSource();
        var time = TimeProvider.System;
        var (stalled, freed) = (0L, 0L);
        await using var server = new ScriptedServer(async r =>
        {
            if (r.Number == 500)
            {
                stalled = time.GetTimestamp();
                _ = Task.Delay(600, r.Stopping).ContinueWith(_ =>
                {
                    freed = time.GetTimestamp();
                    gate.TrySetResult();
                }, TaskScheduler.Default);
            }

            if (r.Number >= 500)
            {
                await gate.Task.WaitAsync(r.Stopping);
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var result = await new LoadGenerator().RunAsync(Plan(server.BaseUrl, LoadModel.Rate(500), 2) with { MaxConnections = 10 });
        result.Requests.ShouldBe(1000);
        result.Failed.ShouldBe(0);
        var stall = time.GetElapsedTime(stalled, freed).TotalMilliseconds;
        result.Latency.MillisecondsAt(90).ShouldBeGreaterThan(0.9 * (stall - 200));
        // Only the ten connections that were under way saw the stall in their service time.
        result.ServiceTime.ShareUpTo(TimeSpan.FromMilliseconds(stall / 2)).ShouldBeGreaterThan(0.9);
        result.Late.ShouldBeGreaterThan(150);
    }

    [Fact]
    public async Task KeptConnectionThatTheServerCloses_IsRetriedForGet()
    {
        await using var server = new ScriptedServer(async r =>
        {
            if (r.Number % 3 == 0)
            {
                return false; // closes without an answer, as an idle timeout in the same moment would
            }

            await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var plan = Plan(server.BaseUrl, LoadModel.Users(1) with { Requests = 20 }, 30) with { Source = new RequestCycle([LoadRequest.Get("/")]) };
        var result = await new LoadGenerator().RunAsync(plan);
        result.Requests.ShouldBe(20);
        result.Failed.ShouldBe(0);
        result.Retried.ShouldBeGreaterThan(5);
        server.Requests.ShouldBe(20 + (int)result.Retried);
    }
}
