using System.Text;
using System.Threading.Channels;
using Fettle.Testing;

namespace Fettle.Redis.Tests;

public class RedisPushTests(RedisServerFixture fixture) : IClassFixture<RedisServerFixture>
{
    [RequiresRedisFact]
    public async Task Subscribed_PublishedMessages_ArriveInOrder_BesideCommands()
    {
        var heard = new RecordingObserver();
        await using var listener = await fixture.ConnectAsync(heard);
        await using var speaker = await fixture.ConnectAsync();
        await listener.SubscribeAsync("news");
        await listener.SubscribePatternAsync("other.*");
        for (var i = 0; i < 100; i++)
        {
            (await speaker.PublishAsync("news", $"{i}")).ShouldBe(1);
            (await listener.ExecuteAsync("ECHO", $"{i}")).AsText().ShouldBe($"{i}");
        }

        await speaker.PublishAsync("other.one", "last");
        for (var i = 0; i < 100; i++)
        {
            (await heard.NextAsync()).ShouldBe($"message news {i}");
        }

        (await heard.NextAsync()).ShouldBe("message other.one last");
        await listener.UnsubscribeAsync("news");
        (await speaker.PublishAsync("news", "nobody")).ShouldBe(0);
    }

    [RequiresRedisFact]
    public async Task Resp2Subscriber_HearsMessages()
    {
        var heard = new RecordingObserver();
        await using var listener = await RedisConnection.ConnectAsync(fixture.Options with { Protocol = 2 }, heard);
        await using var speaker = await fixture.ConnectAsync();
        await listener.SubscribeAsync("two");
        await speaker.PublishAsync("two", "hello");
        (await heard.NextAsync()).ShouldBe("message two hello");
    }

    [RequiresRedisFact]
    public async Task Subscribe_Refused_ThrowsAndTheStreamStaysInStep()
    {
        await using var redis = await RedisConnection.ConnectAsync(fixture.Options with { User = "fettle", Password = "fettle-change-me" });
        for (var i = 0; i < 20; i++)
        {
            var refused = redis.SubscribeAsync("forbidden").AsTask();
            var echo = redis.SetAsync("fettle:step", $"{i}").AsTask();
            (await Should.ThrowAsync<RedisServerException>(() => refused)).Code.ShouldBe("NOPERM");
            (await echo).ShouldBeTrue();
            (await redis.GetTextAsync("fettle:step")).ShouldBe($"{i}");
        }
    }

    [RequiresRedisFact]
    public async Task OptInTracking_KeyReadHere_ChangedElsewhere_IsInvalidatedBeforeTheNextReply()
    {
        var heard = new RecordingObserver();
        await using var reader = await RedisConnection.ConnectAsync(fixture.Options with { Tracking = new() }, heard);
        await using var writer = await fixture.ConnectAsync();
        for (var i = 0; i < 50; i++)
        {
            await reader.GetTrackedAsync("tracked");
            await reader.GetAsync("not tracked");
            await writer.SetAsync("not tracked", i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await writer.SetAsync("tracked", i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            (await reader.GetTextAsync("tracked")).ShouldBe($"{i}");
            heard.Drain().ShouldBe(["invalidated tracked"]);
        }
    }

    [RequiresRedisFact]
    public async Task BroadcastTracking_AnyKeyWithThePrefix_IsReported_AndFlushIsAll()
    {
        var heard = new RecordingObserver();
        await using var reader = await RedisConnection.ConnectAsync(fixture.Options with { Tracking = new() { Prefixes = ["bc:"] } }, heard);
        await using var writer = await fixture.ConnectAsync();
        await writer.SetAsync("bc:1", "x");
        await writer.SetAsync("elsewhere", "x");
        (await heard.NextAsync()).ShouldBe("invalidated bc:1");
        await writer.ExecuteAsync("FLUSHALL");
        (await heard.NextAsync()).ShouldBe("invalidated all");
    }

    [Fact]
    public void OverlappingPrefixes_AreRefused() =>
        Should.Throw<ArgumentException>(() => new RedisTracking { Prefixes = ["a:", "a:b:"] }).Message.ShouldContain("a:, a:b:");

    [RequiresRedisFact]
    public async Task ConnectionCut_TrackingAndSubscriptionsAreRenewed_BeforeWaitingCommandsAreSent()
    {
        await using var proxy = new FaultyProxy(fixture.Server.Port);
        var heard = new RecordingObserver();
        var options = fixture.Options;
        options.Port = proxy.Port;
        options.Tracking = new() { Prefixes = ["re:"] };
        options.Timings = options.Timings with { OfflineWait = TimeSpan.FromSeconds(20), ReconnectFirst = TimeSpan.FromMilliseconds(10), ReconnectMax = TimeSpan.FromMilliseconds(50) };
        await using var redis = await RedisConnection.ConnectAsync(options, heard);
        await using var other = await fixture.ConnectAsync();
        await redis.SubscribeAsync("again");
        for (var i = 0; i < 10; i++)
        {
            heard.Drain();
            proxy.Cut();
            (await heard.NextAsync()).ShouldBe("disconnected");
            var waiting = redis.ExecuteAsync("SET", "re:own", i).AsTask();
            await waiting;
            await other.SetAsync("re:other", i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await other.PublishAsync("again", $"{i}");
            var events = new List<string>();
            while (events is [] || events[^1] != $"message again {i}")
            {
                events.Add(await heard.NextAsync());
            }

            events.ShouldContain("connected");
            events.ShouldContain("invalidated re:other");
        }
    }

    internal sealed class RecordingObserver : IRedisObserver
    {
        readonly Channel<string> _events = Channel.CreateUnbounded<string>();

        public async Task<string> NextAsync()
        {
            while (true)
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                var next = await _events.Reader.ReadAsync(patience.Token);
                if (next != "first connect")
                {
                    return next;
                }
            }
        }

        public List<string> Drain()
        {
            var all = new List<string>();
            while (_events.Reader.TryRead(out var one))
            {
                if (one != "first connect")
                {
                    all.Add(one);
                }
            }

            return all;
        }

        int _connects;

        public void OnConnected() => _events.Writer.TryWrite(_connects++ == 0 ? "first connect" : "connected");

        public void OnDisconnected(Exception cause) => _events.Writer.TryWrite("disconnected");

        public void OnInvalidated(ReadOnlySpan<RedisReply> keys)
        {
            foreach (var key in keys)
            {
                _events.Writer.TryWrite($"invalidated {key.AsText()}");
            }
        }

        public void OnInvalidatedAll() => _events.Writer.TryWrite("invalidated all");

        public void OnMessage(string channel, ReadOnlyMemory<byte> payload) => _events.Writer.TryWrite($"message {channel} {Encoding.UTF8.GetString(payload.Span)}");
    }
}
