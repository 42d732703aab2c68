using System.Text;
using Fettle.Redis.Protocol;

namespace Fettle.Redis.Tests;

public class RespParserTests
{
    public static TheoryData<string, string> Payloads() => new()
    {
        { "+OK\r\n", "Status(OK)" },
        { "+a longer status\r\n", "Status(a longer status)" },
        { "-ERR no\r\n", "Error(ERR no)" },
        { ":0\r\n", "Integer(0)" },
        { ":-9223372036854775808\r\n", "Integer(-9223372036854775808)" },
        { ":9223372036854775807\r\n", "Integer(9223372036854775807)" },
        { "$0\r\n\r\n", "Bulk()" },
        { "$5\r\nhello\r\n", "Bulk(hello)" },
        { "$4\r\n\r\n\r\n\r\n", "Bulk(\r\n\r\n)" },
        { "$-1\r\n", "Null()" },
        { "*-1\r\n", "Null()" },
        { "_\r\n", "Null()" },
        { "#t\r\n", "Boolean(1)" },
        { "#f\r\n", "Boolean(0)" },
        { ",1.5\r\n", "Double(1.5)" },
        { ",inf\r\n", "Double(Infinity)" },
        { ",-inf\r\n", "Double(-Infinity)" },
        { ",nan\r\n", "Double(NaN)" },
        { "(3492890328409238509324850943850943825024385\r\n", "BigNumber(3492890328409238509324850943850943825024385)" },
        { "!5\r\nERR x\r\n", "Error(ERR x)" },
        { "=8\r\ntxt:some\r\n", "Verbatim(txt:some)" },
        { "*0\r\n", "Array[]" },
        { "*2\r\n$1\r\na\r\n:1\r\n", "Array[Bulk(a),Integer(1)]" },
        { "*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n$-1\r\n", "Array[Array[Integer(1),Integer(2)],Array[Null()]]" },
        { "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", "Map[Status(a),Integer(1),Status(b),Array[Integer(2)]]" },
        { "~2\r\n:1\r\n#t\r\n", "Set[Integer(1),Boolean(1)]" },
        { ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", "Push[Bulk(invalidate),Array[Bulk(k)]]" },
        { "|1\r\n+ttl\r\n:3600\r\n+OK\r\n", "Status(OK)" },
        { "*2\r\n:1\r\n|1\r\n+ttl\r\n*2\r\n:1\r\n:2\r\n:2\r\n", "Array[Integer(1),Integer(2)]" },
        { "*3\r\n*0\r\n%0\r\n~0\r\n", "Array[Array[],Map[],Set[]]" },
    };

    [Theory]
    [MemberData(nameof(Payloads))]
    public void AnyPayload_CutAtEveryByte_ReadsTheSame(string wire, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(wire + ":42\r\n");
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second += Math.Max(1, bytes.Length / 16))
            {
                var replies = ReadAll(new RespParser(1 << 20), bytes[..first], bytes[first..second], bytes[second..]);
                replies.Select(Show).ShouldBe([expected, "Integer(42)"], $"cut at {first} and {second}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Payloads))]
    public void AnyPayload_OneByteAtATime_ReadsTheSame(string wire, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(wire);
        ReadAll(new RespParser(1 << 20), [.. bytes.Select(b => new[] { b })]).Select(Show).ShouldBe([expected]);
    }

    [Fact]
    public void LargeBulk_ReadDirectly_IsComplete()
    {
        var parser = new RespParser(1 << 20);
        var value = new byte[100_000];
        new Random(7).NextBytes(value);
        ReadOnlySpan<byte> input = [.. "$100000\r\n"u8, .. value.AsSpan(0, 10)];
        parser.TryRead(ref input, out _).ShouldBeFalse();
        parser.DirectTarget.Length.ShouldBe(value.Length - 10);
        value.AsSpan(10, 50_000).CopyTo(parser.DirectTarget.Span);
        parser.AdvanceDirect(50_000);
        value.AsSpan(50_010).CopyTo(parser.DirectTarget.Span);
        parser.AdvanceDirect(value.Length - 50_010);
        parser.DirectTarget.IsEmpty.ShouldBeTrue();
        input = "\r\n"u8;
        parser.TryRead(ref input, out var reply).ShouldBeTrue();
        reply.AsBytes().ShouldBe(value);
    }

    [Theory]
    [InlineData("$9223372036854775807\r\n")]
    [InlineData("$536870913\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("*-2\r\n")]
    [InlineData("*9223372036854775807\r\n")]
    [InlineData("%9223372036854775807\r\n")]
    [InlineData("%1073741824\r\n")]
    [InlineData("$1x\r\n")]
    [InlineData("$\r\n")]
    [InlineData("$ 1\r\n")]
    [InlineData(":1.5\r\n")]
    [InlineData(":99999999999999999999\r\n")]
    [InlineData("#x\r\n")]
    [InlineData(",1x\r\n")]
    [InlineData("(12a\r\n")]
    [InlineData("_x\r\n")]
    [InlineData("?\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("$3\r\nabcde\r\n")]
    [InlineData("+no carriage return\n")]
    [InlineData("\r\n")]
    [InlineData("$?\r\n")]
    public void HostileBytes_AreRefused(string wire)
    {
        var error = Should.Throw<RedisProtocolException>(() => ReadAll(new RespParser(1 << 20), Encoding.UTF8.GetBytes(wire)));
        error.Message.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public void EndlessHeaderLine_IsRefused()
    {
        var parser = new RespParser(1 << 20);
        var part = Enumerable.Repeat((byte)'a', 1000).ToArray();
        Should.Throw<RedisProtocolException>(() => ReadAll(parser, [.. Enumerable.Repeat(part, 100)]));
    }

    [Fact]
    public void DeepNesting_IsRefused()
    {
        var wire = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", RespParser.MaxDepth + 1)));
        Should.Throw<RedisProtocolException>(() => ReadAll(new RespParser(1 << 20), wire));
    }

    [Theory]
    [InlineData("$2000\r\n{0}\r\n", 2000)]
    [InlineData("*2\r\n$600\r\n{0}\r\n$600\r\n{0}\r\n", 600)]
    public void ReplyOverTheLimit_IsSkipped_AndTheStreamStaysInStep(string format, int length)
    {
        var wire = Encoding.ASCII.GetBytes(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, new string('x', length)) + "+OK\r\n");
        foreach (var size in new[] { 1, 7, 100, wire.Length })
        {
            var replies = ReadAll(new RespParser(1024), [.. wire.Chunk(size)]);
            replies.Count.ShouldBe(2);
            replies[0].IsError.ShouldBeTrue();
            replies[0].AsText()!.ShouldStartWith(RespParser.TooLargeCode);
            Show(replies[1]).ShouldBe("Status(OK)");
        }
    }

    [Fact]
    public void ListOverTheLimit_IsNotAllocated()
    {
        var parser = new RespParser(1024);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> wire = "*100000000\r\n"u8;
        parser.TryRead(ref wire, out _).ShouldBeFalse();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000);
    }

    [Fact]
    public void RandomTrees_InRandomPieces_RoundTrip()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var wire = new StringBuilder();
            var expected = new List<string>();
            for (var i = 0; i < 5; i++)
            {
                expected.Add(RespGenerator.Value(random, wire, depth: 0));
            }

            var bytes = Encoding.UTF8.GetBytes(wire.ToString());
            ReadAll(new RespParser(1 << 24), [.. RespGenerator.Pieces(random, bytes)]).Select(Show).ShouldBe(expected, $"seed {seed}");
        }
    }

    [Fact]
    public void MutatedBytes_NeverDoAnythingButParseOrRefuse()
    {
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var wire = new StringBuilder();
            for (var i = 0; i < 4; i++)
            {
                RespGenerator.Value(random, wire, depth: 0);
            }

            var bytes = Encoding.UTF8.GetBytes(wire.ToString());
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)"+-:$*_,#!=(%~>|0123456789\r\n"[random.Next(27)];
            }

            try
            {
                ReadAll(new RespParser(1 << 16), [.. RespGenerator.Pieces(random, bytes)]);
            }
            catch (RedisProtocolException)
            {
                // Refused: one of the two allowed outcomes.
            }
        }
    }

    internal static List<RedisReply> ReadAll(RespParser parser, params byte[][] pieces)
    {
        var replies = new List<RedisReply>();
        foreach (var piece in pieces)
        {
            ReadOnlySpan<byte> rest = piece;
            while (parser.TryRead(ref rest, out var reply))
            {
                replies.Add(reply);
            }

            rest.Length.ShouldBe(0);
        }

        return replies;
    }

    internal static string Show(RedisReply reply) => reply.Kind switch
    {
        RedisReplyKind.Array or RedisReplyKind.Map or RedisReplyKind.Set or RedisReplyKind.Push =>
            $"{reply.Kind}[{string.Join(',', reply.Items.ToArray().Select(Show))}]",
        RedisReplyKind.Null => "Null()",
        _ => $"{reply.Kind}({reply.AsText()})",
    };
}
