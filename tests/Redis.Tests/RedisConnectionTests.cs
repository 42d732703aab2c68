using System.Text;
using Fettle.Testing;

namespace Fettle.Redis.Tests;

public class RedisConnectionTests(RedisServerFixture fixture) : IClassFixture<RedisServerFixture>
{
    [RequiresRedisFact]
    public async Task Execute_SetThenGet_ReturnsTheBytes()
    {
        await using var redis = await fixture.ConnectAsync();
        var value = new byte[512];
        new Random(1).NextBytes(value);
        (await redis.ExecuteAsync("SET", "a", value)).AsText().ShouldBe("OK");
        (await redis.ExecuteAsync("GET", "a")).AsBytes().ShouldBe(value);
        redis.Protocol.ShouldBe(3);
    }

    [RequiresRedisFact]
    public async Task Execute_ErrorReply_IsThrownAndTheConnectionLives()
    {
        await using var redis = await fixture.ConnectAsync();
        await redis.ExecuteAsync("SET", "text", "x");
        var error = await Should.ThrowAsync<RedisServerException>(async () => await redis.ExecuteAsync("LPUSH", "text", "1"));
        error.Code.ShouldBe("WRONGTYPE");
        (await redis.ExecuteAsync("PING")).AsText().ShouldBe("PONG");
    }

    [RequiresRedisFact]
    public async Task ManyCallers_OnOneConnection_EachGetTheirOwnReply()
    {
        await using var redis = await fixture.ConnectAsync();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async caller =>
        {
            for (var i = 0; i < 200; i++)
            {
                var text = $"{caller}:{i}";
                (await redis.ExecuteAsync("ECHO", text)).AsText().ShouldBe(text);
            }
        }));
    }

    [RequiresRedisFact]
    public async Task Values_OfAllSizes_ComeBackWhole()
    {
        await using var redis = await fixture.ConnectAsync();
        var random = new Random(3);
        foreach (var size in new[] { 0, 1, 9, 10, 4095, 4096, 65_535, 65_536, 70_000, 1 << 20, 5 << 20 })
        {
            var value = new byte[size];
            random.NextBytes(value);
            await redis.ExecuteAsync("SET", "size", value);
            (await redis.ExecuteAsync("GET", "size")).AsBytes().ShouldBe(value);
        }
    }

    [RequiresRedisFact]
    public async Task Cancelled_ManyInFlight_LaterRepliesStayMatched()
    {
        await using var redis = await fixture.ConnectAsync();
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            using var cancel = new CancellationTokenSource();
            var cancelled = Enumerable.Range(0, 8).Select(i => redis.ExecuteAsync(["ECHO", $"lost {round} {i}"], cancel.Token).AsTask()).ToArray();
            if (random.Next(2) == 0)
            {
                cancel.Cancel();
            }

            var text = $"kept {round}";
            (await redis.ExecuteAsync("ECHO", text)).AsText().ShouldBe(text);
            cancel.Cancel();
            foreach (var task in cancelled)
            {
                try
                {
                    (await task).AsText()!.ShouldStartWith($"lost {round}");
                }
                catch (OperationCanceledException)
                {
                    // Either outcome is right: the reply may have come first.
                }
            }
        }
    }

    [RequiresRedisFact]
    public async Task Connect_NobodyListens_FailsWithTheAddress()
    {
        var options = new RedisOptions { Port = RedisServer.FreePort() };
        var error = await Should.ThrowAsync<RedisConnectionException>(() => RedisConnection.ConnectAsync(options));
        error.Message.ShouldContain($"127.0.0.1:{options.Port}");
    }
}
