using System.Text;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Tests.Engine.Http2;

public sealed class HeaderDecoderTests
{
    sealed class Fields : List<string>, IFieldSink
    {
        public void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Add($"{Encoding.Latin1.GetString(name)}: {Encoding.Latin1.GetString(value)}");
    }

    static (string? Fault, Fields Fields) Decode(HeaderDecoder decoder, string block)
    {
        var fields = new Fields();
        return (decoder.Decode(Convert.FromHexString(block.Replace(" ", "")), fields), fields);
    }

    // RFC 7541, appendix C.5 and C.6; the published table has 256 bytes, so that fields leave it.
    [Theory]
    [InlineData(
        "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31")]
    [InlineData(
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07")]
    public void PublishedAnswers_AreRead(string first, string second, string third)
    {
        using var decoder = new HeaderDecoder();
        string[] common = ["cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"];
        Decode(decoder, first).Fields.ShouldBe([":status: 302", .. common]);
        Decode(decoder, second).Fields.ShouldBe([":status: 307", .. common]);
        Decode(decoder, third).Fields.ShouldBe([":status: 200", common[0], "date: Mon, 21 Oct 2013 20:13:22 GMT", common[2], "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"]);
    }

    [Fact]
    public void WrittenRequests_AreReadBack()
    {
        using var decoder = new HeaderDecoder();
        var target = new WireTarget("http", "127.0.0.1:5000", "/base", true);
        var request = new LoadRequest("x", "PUT", "/a?b=ä", "{}"u8.ToArray(), [new("Accept-Encoding", "gzip, deflate"), new("X-Long", new string('v', 300)), new("Keep-Alive", "timeout=5")]);
        var fields = new Fields();
        decoder.Decode(HeaderWriter.Write(request, target), fields).ShouldBeNull();
        fields.ShouldBe([":method: PUT", ":scheme: http", ":authority: 127.0.0.1:5000", $":path: /base/a?b={Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("ä"))}",
            "accept-encoding: gzip, deflate", $"x-long: {new string('v', 300)}", "content-length: 2"]);
        fields.Clear();
        decoder.Decode(HeaderWriter.Write(new LoadRequest("y", "GET", "/", default, [new("Host", "example.org")]), target), fields).ShouldBeNull();
        fields.ShouldBe([":method: GET", ":scheme: http", ":authority: example.org", ":path: /base/"]);
    }

    /// <summary>Adds, resizes and looks up at random, beside a list that does the same the plain way.</summary>
    [Fact]
    public void Table_EqualsAPlainList()
    {
        var random = new Random(1);
        var table = new HeaderTable();
        var (plain, limit) = (new List<(byte[] Name, byte[] Value)>(), HeaderTable.DefaultSize);
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(50) == 0)
            {
                limit = random.Next(4) == 0 ? 0 : random.Next(HeaderTable.DefaultSize + 1);
                table.Resize(limit);
            }
            else
            {
                byte[] name = new byte[random.Next(1, random.Next(40) == 0 ? 5000 : 60)], value = new byte[random.Next(0, 200)];
                random.NextBytes(name);
                random.NextBytes(value);
                table.Add(name, value);
                plain.Insert(0, (name, value));
            }

            for (var size = plain.Sum(f => f.Name.Length + f.Value.Length + 32); size > limit; plain.RemoveAt(plain.Count - 1))
            {
                size -= plain[^1].Name.Length + plain[^1].Value.Length + 32;
            }

            table.Count.ShouldBe(plain.Count);
            if (plain.Count > 0)
            {
                var index = random.Next(plain.Count);
                table.Name(index).SequenceEqual(plain[index].Name).ShouldBeTrue();
                table.Value(index).SequenceEqual(plain[index].Value).ShouldBeTrue();
            }
        }
    }

    [Theory]
    [InlineData("80", "a header field's number is unknown")] // field 0
    [InlineData("be", "a header field's number is unknown")] // the table is empty
    [InlineData("ff", "a header field's number is unknown")] // cut
    [InlineData("ffffffffffff", "a header field's number is unknown")] // without end
    [InlineData("7fffffffffff01", "a header field's number is cut")]
    [InlineData("4003616263", "a header value is cut or wrongly coded")]
    [InlineData("40ff", "a header name is cut, empty or wrongly coded")]
    [InlineData("400001", "a header name is cut, empty or wrongly coded")]
    [InlineData("0885ffffffffff", "a header value is cut or wrongly coded")]
    [InlineData("3fe21f", "the table's size is changed out of place or beyond 4096 bytes")] // 4097
    [InlineData("8820", "the table's size is changed out of place or beyond 4096 bytes")] // behind a field
    public void WrongBlocks_AreRefused(string block, string fault)
    {
        using var decoder = new HeaderDecoder();
        Decode(decoder, block).Fault.ShouldBe(fault);
    }

    [Fact]
    public void ListsBeyondTheLimit_AreRefused()
    {
        using var decoder = new HeaderDecoder(maxListBytes: 1000);
        // One field of 200 bytes goes to the table, then a byte each names it again.
        Decode(decoder, "40017a7f49" + string.Concat(Enumerable.Repeat("78", 200)) + "bebebebe").Fault.ShouldBe("the head is longer than 1000 bytes");
    }

    [Fact]
    public void AnyBytes_AreReadOrRefused()
    {
        var random = new Random(2);
        for (var round = 0; round < 20_000; round++)
        {
            using var decoder = new HeaderDecoder();
            var block = new byte[random.Next(1, 60)];
            random.NextBytes(block);
            var fields = new Fields();
            if (decoder.Decode(block, fields) is { } fault)
            {
                fault.ShouldNotBeEmpty();
            }
            else
            {
                fields.Count.ShouldBeLessThanOrEqualTo(block.Length);
            }
        }
    }
}
