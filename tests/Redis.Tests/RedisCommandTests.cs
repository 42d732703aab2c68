using System.Text;
using Fettle.Testing;

namespace Fettle.Redis.Tests;

public class RedisCommandTests(RedisServerFixture fixture) : IClassFixture<RedisServerFixture>
{
    [RequiresRedisFact]
    public async Task Set_Conditions_AreHonoured()
    {
        await using var redis = await fixture.ConnectAsync();
        (await redis.SetAsync("nx", "1", when: RedisSetWhen.Present)).ShouldBeFalse();
        (await redis.SetAsync("nx", "1", when: RedisSetWhen.Absent)).ShouldBeTrue();
        (await redis.SetAsync("nx", "2", when: RedisSetWhen.Absent)).ShouldBeFalse();
        (await redis.SetAsync("nx", "3", TimeSpan.FromMinutes(1), RedisSetWhen.Present)).ShouldBeTrue();
        (await redis.GetTextAsync("nx")).ShouldBe("3");
        (await redis.TimeToLiveAsync("nx"))!.Value.ShouldBeInRange(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        (await redis.DeleteAsync("nx")).ShouldBeTrue();
        (await redis.DeleteAsync("nx")).ShouldBeFalse();
        (await redis.GetAsync("nx")).ShouldBeNull();
        (await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await redis.SetAsync("nx", "1", TimeSpan.Zero))).Message.ShouldContain("1 ms");
    }

    [RequiresRedisFact]
    public async Task ManyKeys_AreReadAndWrittenInOrder()
    {
        await using var redis = await fixture.ConnectAsync();
        await redis.SetManyAsync([.. Enumerable.Range(0, 100).Select(i => ((RedisArgument)$"many:{i}", (RedisArgument)$"value {i}"))]);
        var values = await redis.GetManyAsync([.. Enumerable.Range(0, 101).Select(i => (RedisArgument)$"many:{i}")]);
        values.Take(100).Select(v => Encoding.UTF8.GetString(v!)).ShouldBe(Enumerable.Range(0, 100).Select(i => $"value {i}"));
        values[100].ShouldBeNull();
        var seen = new HashSet<string>();
        await foreach (var key in redis.ScanAsync("many:*", 10))
        {
            seen.Add(Encoding.UTF8.GetString(key));
        }

        seen.Count.ShouldBe(100);
    }

    [RequiresRedisFact]
    public async Task Script_UnknownToTheServer_IsLoadedAndRun()
    {
        await using var redis = await fixture.ConnectAsync();
        var script = new RedisScript("return {KEYS[1], ARGV[1], tonumber(ARGV[2]) + 1}");
        for (var i = 0; i < 2; i++)
        {
            var reply = await script.RunAsync(redis, 1, new RedisArgument[] { "k", "v", i });
            reply.Items[0].AsText().ShouldBe("k");
            reply.Items[2].AsInt64().ShouldBe(i + 1);
            await redis.ExecuteAsync("SCRIPT", "FLUSH");
        }
    }

    [RequiresRedisFact]
    public async Task Streams_EntriesOfADeadConsumer_AreTakenOverAndAcknowledged()
    {
        foreach (var protocol in new[] { 3, 2 })
        {
            await using var redis = await RedisConnection.ConnectAsync(fixture.Options with { Protocol = protocol });
            var stream = $"work{protocol}";
            (await redis.StreamCreateGroupAsync(stream, "g")).ShouldBeTrue();
            (await redis.StreamCreateGroupAsync(stream, "g")).ShouldBeFalse();
            for (var i = 0; i < 5; i++)
            {
                await redis.StreamAddAsync(stream, [("n", i), ("text", "é")], maxLength: 1000);
            }

            var first = await redis.StreamReadGroupAsync(stream, "g", "dead", 3);
            first.Select(e => Encoding.UTF8.GetString(e["n"]!)).ShouldBe(["0", "1", "2"]);
            (await redis.StreamReadGroupAsync(stream, "g", "alive", 10, TimeSpan.FromMilliseconds(10))).Count.ShouldBe(2);
            (await redis.StreamReadGroupAsync(stream, "g", "alive", 10, TimeSpan.FromMilliseconds(10))).ShouldBeEmpty();
            (await redis.StreamAcknowledgeAsync(stream, "g", [first[0].Id])).ShouldBe(1);
            var (taken, next) = await redis.StreamAutoClaimAsync(stream, "g", "alive", TimeSpan.Zero, count: 100);
            taken.Select(e => Encoding.UTF8.GetString(e["n"]!)).ShouldBe(["1", "2", "3", "4"]);
            next.ShouldBe("0-0");
            (await redis.StreamAcknowledgeAsync(stream, "g", [.. taken.Select(e => e.Id)])).ShouldBe(4);
        }
    }

    [RequiresRedisFact]
    public async Task Arguments_OfEveryKind_ArriveAsWritten()
    {
        await using var redis = await fixture.ConnectAsync();
        (RedisArgument Argument, string Expected)[] cases =
        [
            ("", ""),
            ("é😀", "é😀"),
            (new string('é', 3000), new string('é', 3000)),
            (RedisArgument.Concat("head:é:", "tail😀"), "head:é:tail😀"),
            (RedisArgument.Concat("", ""), ""),
            (long.MinValue, "-9223372036854775808"),
            (0, "0"),
            (1.5, "1.5"),
            (double.MaxValue, "1.7976931348623157E+308"),
            (new byte[] { 65, 66 }, "AB"),
            (new ReadOnlyMemory<byte>([64, 65, 66, 67], 1, 2), "AB"),
        ];
        foreach (var (argument, expected) in cases)
        {
            (await redis.ExecuteAsync("ECHO", argument)).AsText().ShouldBe(expected);
        }
    }

    [RequiresRedisFact]
    public async Task Resp2_ServesTheSameCommands()
    {
        await using var redis = await RedisConnection.ConnectAsync(fixture.Options with { Protocol = 2 });
        redis.Protocol.ShouldBe(2);
        await redis.SetAsync("two", "2");
        (await redis.GetTextAsync("two")).ShouldBe("2");
        (await redis.GetTextAsync("missing in two")).ShouldBeNull();
        (await redis.ExecuteAsync("INCRBYFLOAT", "float", 1.5)).AsDouble().ShouldBe(1.5);
    }

    [RequiresRedisFact]
    public async Task AclUser_MayTouchItsOwnKeysOnly()
    {
        await using var redis = await RedisConnection.ConnectAsync(fixture.Options with { User = "fettle", Password = "fettle-change-me", ClientName = "acl-test" });
        await redis.SetAsync("fettle:x", "1");
        (await redis.GetTextAsync("fettle:x")).ShouldBe("1");
        (await Should.ThrowAsync<RedisServerException>(async () => await redis.GetAsync("other"))).Code.ShouldBe("NOPERM");
        (await Should.ThrowAsync<RedisServerException>(async () => await redis.ExecuteAsync("FLUSHALL"))).Code.ShouldBe("NOPERM");
        (await redis.ExecuteAsync("CLIENT", "GETNAME")).AsText().ShouldBe("acl-test");
        (await redis.InfoAsync("memory")).ContainsKey("used_memory").ShouldBeTrue();
    }

    [RequiresRedisFact]
    public async Task WrongPassword_IsReportedAsSuch()
    {
        var error = await Should.ThrowAsync<RedisServerException>(() => RedisConnection.ConnectAsync(fixture.Options with { User = "fettle", Password = "no" }));
        error.Code.ShouldBe("WRONGPASS");
        error.Message.ShouldNotContain("fettle-change-me");
    }

    [RequiresRedisFact]
    public async Task Database_IsSelectedBeforeAnyCommand()
    {
        await using var zero = await fixture.ConnectAsync();
        await using var five = await RedisConnection.ConnectAsync(fixture.Options with { Database = 5 });
        await five.SetAsync("where", "five");
        (await zero.GetAsync("where")).ShouldBeNull();
        (await five.GetTextAsync("where")).ShouldBe("five");
        (await five.CountKeysAsync()).ShouldBe(1);
    }
}
