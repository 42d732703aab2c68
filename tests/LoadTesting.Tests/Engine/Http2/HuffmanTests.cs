using System.Text;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Tests.Engine.Http2;

public sealed class HuffmanTests
{
    // RFC 7541, appendix C.4 and C.6.
    [Theory]
    [InlineData("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff")]
    [InlineData("no-cache", "a8eb10649cbf")]
    [InlineData("custom-value", "25a849e95bb8e8b4bf")]
    [InlineData("302", "6402")]
    [InlineData("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff")]
    [InlineData("https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3")]
    [InlineData("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1", "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007")]
    public void PublishedExamples_AreReadAndWritten(string text, string code)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var coded = new byte[Huffman.EncodedLength(bytes)];
        Huffman.Encode(bytes, coded);
        Convert.ToHexStringLower(coded).ShouldBe(code);
        Decoded(coded).ShouldBe(bytes);
    }

    [Fact]
    public void EverySymbol_IsReadBack()
    {
        var random = new Random(7541);
        for (var round = 0; round < 300; round++)
        {
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            var coded = new byte[Huffman.EncodedLength(bytes)];
            Huffman.Encode(bytes, coded);
            Decoded(coded).ShouldBe(bytes);
        }

        byte[] all = [.. Enumerable.Range(0, 256).Select(b => (byte)b)];
        var code = new byte[Huffman.EncodedLength(all)];
        Huffman.Encode(all, code);
        Decoded(code).ShouldBe(all);
    }

    [Theory]
    [InlineData("ffffffff")] // the end of the string is no symbol
    [InlineData("07ff")] // '0' (00000) and eleven bits of padding
    [InlineData("00")] // '0' and padding that is not all ones
    public void WrongCode_IsRefused(string code) => Huffman.Decode(Convert.FromHexString(code), new byte[64]).ShouldBe(-1);

    [Fact]
    public void TooSmallADestination_IsRefused() => Huffman.Decode(Convert.FromHexString("a8eb10649cbf"), new byte[7]).ShouldBe(-1);

    static byte[] Decoded(byte[] code)
    {
        var text = new byte[code.Length * 8 / 5 + 1];
        return text[..Huffman.Decode(code, text)];
    }
}
