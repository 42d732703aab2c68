using Fettle.Testing;

namespace Fettle.Redis.Tests;

[Trait("Category", "Slow")]
public class RedisFaultTests
{
    static RedisOptions Options(int port, double commandMs = 500, double silenceMs = 1000) => new()
    {
        Port = port,
        Timings = new()
        {
            Command = TimeSpan.FromMilliseconds(commandMs),
            Connect = TimeSpan.FromSeconds(2),
            Heartbeat = TimeSpan.FromMilliseconds(100),
            Silence = TimeSpan.FromMilliseconds(silenceMs),
            ReconnectFirst = TimeSpan.FromMilliseconds(50),
            ReconnectMax = TimeSpan.FromMilliseconds(200),
        },
    };

    [RequiresRedisFact]
    public async Task Killed_CommandsFailAtOnce_AndARestartIsNoticedByItself()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await RedisConnection.ConnectAsync(Options(server.Port, commandMs: 20_000));
        await redis.SetAsync("k", "v");
        await server.KillAsync();
        await Eventually.IsTrueAsync(() => !redis.IsConnected, "the loss is noticed");
        var error = await Should.ThrowAsync<RedisConnectionException>(async () => await redis.GetAsync("k"));
        error.MaybeExecuted.ShouldBeFalse();
        await server.RestartAsync(empty: true);
        await redis.WaitUntilConnectedAsync();
        (await redis.GetAsync("k")).ShouldBeNull();
        redis.Statistics.Losses.ShouldBe(1);
    }

    [RequiresRedisFact]
    public async Task Hung_CommandsTimeOut_TheConnectionIsGivenUp_AndComesBack()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await RedisConnection.ConnectAsync(Options(server.Port, commandMs: 50, silenceMs: 400));
        await redis.SetAsync("k", "v");
        server.Pause();
        await Should.ThrowAsync<RedisTimeoutException>(async () => await redis.GetAsync("k"));
        await Eventually.IsTrueAsync(() => !redis.IsConnected, "silence is noticed");
        server.Resume();
        await redis.WaitUntilConnectedAsync();
        await Eventually.IsTrueAsync(() => redis.GetTextAsync("k").AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result == "v").Result, "it serves again");
    }

    [RequiresRedisFact]
    public async Task HalfOpen_NothingArrives_TheHeartbeatNotices()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new FaultyProxy(server.Port);
        await using var redis = await RedisConnection.ConnectAsync(Options(proxy.Port, silenceMs: 300));
        proxy.Swallow = true;

        // No command is sent: the heartbeat alone has to find out.
        await Eventually.IsTrueAsync(() => redis.Statistics.Losses == 1, "the silence is noticed");
        proxy.Swallow = false;
        await redis.WaitUntilConnectedAsync();
        (await redis.ExecuteAsync("PING")).AsText().ShouldBe("PONG");
    }

    [RequiresRedisFact]
    public async Task Garbage_ClosesTheConnection_AndNoCallerGetsAnothersReply()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new FaultyProxy(server.Port);
        await using var redis = await RedisConnection.ConnectAsync(Options(proxy.Port, commandMs: 20_000, silenceMs: 20_000));
        for (var round = 0; round < 20; round++)
        {
            var random = new Random(round);
            proxy.RewriteReplies = bytes => random.Next(4) == 0 ? [.. bytes, .. "+surplus\r\n"u8] : random.Next(3) == 0 ? [.. "?garbage\r\n"u8] : bytes;
            for (var i = 0; i < 20; i++)
            {
                try
                {
                    (await redis.ExecuteAsync("ECHO", $"{round}:{i}")).AsText().ShouldBe($"{round}:{i}");
                }
                catch (RedisException)
                {
                    // An error is the right answer to garbage; a wrong reply would have failed above.
                    break;
                }
            }

            proxy.RewriteReplies = null;
            proxy.Cut();
            await Eventually.IsTrueAsync(() => proxy.Connections <= 1 && redis.IsConnected && redis.ExecuteAsync("PING").AsTask().ContinueWith(t => t.IsCompletedSuccessfully).Result, "it serves again");
        }
    }

    [RequiresRedisFact]
    public async Task CutAgainAndAgain_UnderLoad_NoReplyIsEverMismatched()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new FaultyProxy(server.Port);
        await using var redis = await RedisConnection.ConnectAsync(Options(proxy.Port, commandMs: 100));
        using var stop = new CancellationTokenSource();
        var served = 0;
        var callers = Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                using var cancel = new CancellationTokenSource();
                var text = $"{caller}:{i}";
                try
                {
                    var call = redis.ExecuteAsync(["ECHO", text], cancel.Token);
                    if (random.Next(5) == 0)
                    {
                        await cancel.CancelAsync();
                    }

                    (await call).AsText().ShouldBe(text);
                    Interlocked.Increment(ref served);
                }
                catch (Exception e) when (e is RedisException or OperationCanceledException)
                {
                    await Task.Yield();
                }
            }
        })).ToArray();
        for (var i = 0; i < 10; i++)
        {
            var target = Volatile.Read(ref served) + 200;
            await Eventually.IsTrueAsync(() => Volatile.Read(ref served) > target, "commands are served between the cuts");
            proxy.Delay = i % 3 == 0 ? TimeSpan.FromMilliseconds(30) : TimeSpan.Zero;
            if (i % 2 == 0)
            {
                proxy.Cut();
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
    }

    [RequiresRedisFact]
    public async Task FullLine_CallersWaitTheirTurn_AndAllAreServed()
    {
        await using var server = await RedisServer.StartAsync();
        var options = Options(server.Port, commandMs: 30_000, silenceMs: 30_000);
        options.Limits = new() { MaxPending = 8 };
        await using var redis = await RedisConnection.ConnectAsync(options);
        server.Pause();
        var calls = Enumerable.Range(0, 500).Select(i => redis.ExecuteAsync("ECHO", i).AsTask()).ToArray();
        redis.Statistics.Pending.ShouldBeLessThanOrEqualTo(8);
        server.Resume();
        var replies = await Task.WhenAll(calls);
        replies.Select(r => r.AsInt64()).ShouldBe(Enumerable.Range(0, 500).Select(i => (long)i));
        redis.Statistics.Waits.ShouldBeGreaterThan(400);
    }

    [RequiresRedisFact]
    public async Task FullLine_WaitingCallers_TimeOutAndCanBeCancelled()
    {
        await using var server = await RedisServer.StartAsync();
        var options = Options(server.Port, commandMs: 100, silenceMs: 30_000);
        options.Limits = new() { MaxPending = 2 };
        await using var redis = await RedisConnection.ConnectAsync(options);
        server.Pause();
        var calls = Enumerable.Range(0, 10).Select(i => redis.ExecuteAsync("ECHO", i).AsTask()).ToArray();
        using var cancel = new CancellationTokenSource();
        var cancelled = redis.ExecuteAsync(["ECHO", "x"], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => cancelled);
        foreach (var call in calls)
        {
            await Should.ThrowAsync<RedisTimeoutException>(() => call);
        }

        server.Resume();
        await Eventually.IsTrueAsync(() => redis.ExecuteAsync("PING").AsTask().ContinueWith(t => t.IsCompletedSuccessfully).Result, "it serves again");
    }

    [RequiresRedisFact]
    public async Task ReplyOverTheLimit_FailsItsCommandAlone()
    {
        await using var server = await RedisServer.StartAsync();
        var options = Options(server.Port, commandMs: 20_000, silenceMs: 20_000);
        options.Limits = new() { MaxReplyBytes = 10_000 };
        await using var redis = await RedisConnection.ConnectAsync(options);
        await redis.SetAsync("big", new byte[1 << 20]);
        await redis.SetAsync("small", "s");
        for (var i = 0; i < 10; i++)
        {
            var big = redis.GetAsync("big").AsTask();
            var small = redis.GetTextAsync("small").AsTask();
            (await Should.ThrowAsync<RedisReplyException>(() => big)).Message.ShouldContain("10000");
            (await small).ShouldBe("s");
        }

        redis.Statistics.Losses.ShouldBe(0);
    }

    [RequiresRedisFact]
    public async Task Fenced_ACommandThatFailed_TakesNoEffectAfterALaterOneSucceeded()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new FaultyProxy(server.Port);
        var options = Options(proxy.Port, commandMs: 50, silenceMs: 200);
        options.Fence = true;
        options.ClientName = "fenced";
        await using var redis = await RedisConnection.ConnectAsync(options);
        await using var reader = await RedisConnection.ConnectAsync(Options(server.Port, commandMs: 20_000, silenceMs: 20_000));
        for (var round = 0; round < 5; round++)
        {
            // The stopped server has taken the bytes of "late" but not looked at them.
            server.Pause();
            await Should.ThrowAsync<RedisException>(async () => await redis.SetAsync("k", $"late {round}"));
            await Eventually.IsTrueAsync(() => !redis.IsConnected, "silence is noticed");
            server.Resume();
            await redis.WaitUntilConnectedAsync();
            await Eventually.IsTrueAsync(
                () => redis.SetAsync("k", $"new {round}").AsTask().ContinueWith(t => t.IsCompletedSuccessfully).Result, "the later command succeeds");
            (await reader.GetTextAsync("k")).ShouldBe($"new {round}");
            (await reader.ExecuteAsync("CLIENT", "LIST")).AsText()!.Split('\n').Count(l => l.Contains("name=fenced ")).ShouldBe(1);
        }
    }

    [RequiresRedisFact]
    public async Task Waiting_ACommandThatTimedOutOffline_IsNotSentLater()
    {
        await using var server = await RedisServer.StartAsync();
        var options = Options(server.Port, commandMs: 20_000);
        options.Timings = options.Timings with { OfflineWait = TimeSpan.FromMilliseconds(50) };
        await using var redis = await RedisConnection.ConnectAsync(options);
        await server.KillAsync();
        await Eventually.IsTrueAsync(() => !redis.IsConnected, "the loss is noticed");
        await Should.ThrowAsync<RedisException>(async () => await redis.SetAsync("late", "1"));
        await server.RestartAsync(empty: false);
        await redis.WaitUntilConnectedAsync();
        (await redis.GetAsync("late")).ShouldBeNull();
    }

    [Fact]
    public void Backoff_DoublesWithJitter_AndNeverExceedsTheMaximum()
    {
        foreach (var jitter in new[] { 0.0, 0.5, 0.999 })
        {
            var backoff = new Connection.Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), () => jitter);
            var waits = Enumerable.Range(0, 40).Select(_ => backoff.Next().TotalSeconds).ToArray();
            waits[0].ShouldBeInRange(0.75, 1);
            waits[1].ShouldBeInRange(1.5, 2);
            waits[4].ShouldBeInRange(12, 16);
            waits.Skip(5).ShouldAllBe(w => w >= 22.5 && w <= 30);
            backoff.Reset();
            backoff.Next().TotalSeconds.ShouldBeInRange(0.75, 1);
        }
    }
}
