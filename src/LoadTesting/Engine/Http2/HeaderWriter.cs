using System.Buffers;
using System.Globalization;
using System.Text;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>
/// Writes the header block of a request (HPACK, RFC 7541) without use of the connection's table: the bytes are the same on every
/// connection, so that they are made once for a request.
/// </summary>
static class HeaderWriter
{
    // What belongs to a connection of HTTP/1.1 and must not be sent (RFC 9113, 8.2.2).
    static readonly string[] OfTheConnection = ["keep-alive", "proxy-connection", "upgrade", "te", "host"];

    public static byte[] Write(LoadRequest request, WireTarget target)
    {
        var block = new ArrayBufferWriter<byte>(256);
        var host = request.Headers.FirstOrDefault(h => h.Key.Equals("Host", StringComparison.OrdinalIgnoreCase)).Value;
        Field(block, ":method", request.Method);
        Field(block, ":scheme", target.Scheme);
        Field(block, ":authority", host ?? target.Authority);
        Field(block, ":path", target.PathPrefix + request.Path);
        foreach (var (key, value) in request.Headers)
        {
            var name = key.ToLowerInvariant();
            if (!OfTheConnection.Contains(name))
            {
                Field(block, name, value);
            }
        }

        if (request.Body.Length > 0 || request.Method is "POST" or "PUT" or "PATCH")
        {
            Field(block, "content-length", request.Body.Length.ToString(CultureInfo.InvariantCulture));
        }

        return block.WrittenSpan.ToArray();
    }

    static void Field(ArrayBufferWriter<byte> block, string name, string value)
    {
        var index = StaticTable.Find(name, value, out var whole);
        if (whole)
        {
            Integer(block, 0x80, 7, index);
            return;
        }

        Integer(block, 0, 4, index);
        if (index == 0)
        {
            Text(block, name);
        }

        Text(block, value);
    }

    static void Text(ArrayBufferWriter<byte> block, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var coded = Huffman.EncodedLength(bytes);
        if (coded < bytes.Length)
        {
            Integer(block, 0x80, 7, coded);
            Huffman.Encode(bytes, block.GetSpan(coded));
            block.Advance(coded);
        }
        else
        {
            Integer(block, 0, 7, bytes.Length);
            block.Write(bytes);
        }
    }

    static void Integer(ArrayBufferWriter<byte> block, int flags, int prefix, int value)
    {
        var mask = (1 << prefix) - 1;
        Byte(block, flags | Math.Min(value, mask));
        if (value < mask)
        {
            return;
        }

        for (value -= mask; value >= 0x80; value >>= 7)
        {
            Byte(block, value & 0x7F | 0x80);
        }

        Byte(block, value);
    }

    static void Byte(ArrayBufferWriter<byte> block, int value)
    {
        block.GetSpan(1)[0] = (byte)value;
        block.Advance(1);
    }
}
