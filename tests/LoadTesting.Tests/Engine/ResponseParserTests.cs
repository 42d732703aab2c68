using System.Text;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Tests.Engine;

public sealed class ResponseParserTests
{
    public static TheoryData<string, int, string, bool> Answers => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true },
        { "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello", true },
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 404, "", false },
        { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false },
        { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true },
        { "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x", true },
        { "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true },
        { "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, "", true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n", 200, "hello world", true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, "0123456789", true },
        { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, "x", false },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny", 200, "y", true },
        { "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 1\r\n\r\nz", 200, "z", true },
        { "HTTP/1.1 200 OK\r\ncontent-LENGTH:   2  \r\nContent-Length: 2\r\n\r\nok", 200, "ok", true },
        { "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void EverySplit_GivesTheSameAnswer(string text, int status, string body, bool keepAlive)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second += Math.Max(1, bytes.Length / 12))
            {
                Check(bytes[..first], bytes[first..second], bytes[second..]);
            }
        }

        Check([.. bytes.Select(b => new[] { b })]);

        void Check(params byte[][] pieces)
        {
            var parser = new ResponseParser();
            var capture = new AnswerCapture();
            parser.Reset(head: false, capture);
            var result = ParseStatus.NeedMore;
            foreach (var piece in pieces)
            {
                result.ShouldBe(ParseStatus.NeedMore, "complete before the last piece");
                result = parser.Feed(piece, out var consumed);
                consumed.ShouldBe(piece.Length);
                if (result == ParseStatus.Complete)
                {
                    break;
                }
            }

            result.ShouldBe(ParseStatus.Complete);
            parser.Status.ShouldBe(status);
            Encoding.Latin1.GetString(capture.BodyBytes.Span).ShouldBe(body);
            parser.BodyBytes.ShouldBe(body.Length);
            parser.KeepAlive.ShouldBe(keepAlive);
        }
    }

    [Theory]
    [InlineData("HTTP/2 200\r\n\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 Low\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nName : x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    public void BrokenAnswer_IsMalformedAtEverySplit(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var split = 0; split < bytes.Length; split++)
        {
            var parser = new ResponseParser();
            var status = parser.Feed(bytes.AsSpan(0, split), out _);
            status = status == ParseStatus.NeedMore ? parser.Feed(bytes.AsSpan(split), out _) : status;
            status.ShouldBe(ParseStatus.Malformed);
            parser.Fault.ShouldNotBeEmpty();
            parser.KeepAlive.ShouldBeFalse();
        }
    }

    [Fact]
    public void BodyUntilClose_EndsWithTheConnection()
    {
        var parser = new ResponseParser();
        parser.Feed("HTTP/1.1 200 OK\r\n\r\nabc"u8, out _).ShouldBe(ParseStatus.NeedMore);
        parser.EndOfStream().ShouldBe(ParseStatus.Complete);
        parser.BodyBytes.ShouldBe(3);
        parser.KeepAlive.ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    public void CutAnswer_IsMalformed(string text)
    {
        var parser = new ResponseParser();
        parser.Feed(Encoding.Latin1.GetBytes(text), out _).ShouldBe(ParseStatus.NeedMore);
        parser.EndOfStream().ShouldBe(ParseStatus.Malformed);
    }

    [Fact]
    public void HeadRequest_HasNoBody()
    {
        var parser = new ResponseParser();
        parser.Reset(head: true, null);
        parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"u8, out _).ShouldBe(ParseStatus.Complete);
        parser.KeepAlive.ShouldBeTrue();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nX: {300}\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n{1001}")]
    public void AboveTheLimits_IsTooLarge(string pattern)
    {
        var text = pattern.Replace("{300}", new string('a', 300)).Replace("{1001}", new string('b', 1001));
        var parser = new ResponseParser(maxHeadBytes: 200, maxBodyBytes: 1000);
        parser.Feed(Encoding.Latin1.GetBytes(text), out _).ShouldBe(ParseStatus.TooLarge);
    }

    [Fact]
    public void BytesAfterTheAnswer_AreLeft()
    {
        var parser = new ResponseParser();
        var two = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 500"u8;
        parser.Feed(two, out var consumed).ShouldBe(ParseStatus.Complete);
        consumed.ShouldBe(two.Length - "HTTP/1.1 500".Length);
    }

    [Fact]
    public void MutatedAnswers_NeverThrowAndSplitsAgree()
    {
        var random = new Random(20);
        var seeds = Answers.Select(a => Encoding.Latin1.GetBytes((string)a[0])).ToArray();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = seeds[random.Next(seeds.Length)].ToArray();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)"\r\n:0 "[random.Next(5)] : (byte)random.Next(256);
            }

            var whole = Run(bytes, bytes.Length);
            Run(bytes, 1).ShouldBe(whole, Encoding.Latin1.GetString(bytes));
            Run(bytes, random.Next(1, bytes.Length)).ShouldBe(whole, Encoding.Latin1.GetString(bytes));
        }

        static (ParseStatus, int, long, bool) Run(byte[] bytes, int piece)
        {
            var parser = new ResponseParser(maxBodyBytes: 1 << 20);
            var status = ParseStatus.NeedMore;
            for (var at = 0; at < bytes.Length && status == ParseStatus.NeedMore; at += piece)
            {
                status = parser.Feed(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)), out _);
            }

            if (status == ParseStatus.NeedMore)
            {
                status = parser.EndOfStream();
            }

            return (status, parser.Status, status == ParseStatus.Complete ? parser.BodyBytes : 0, parser.KeepAlive);
        }
    }
}
