using System.Text;

namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>The header fields that both sides know from the start, numbered from 1 (RFC 7541, appendix A).</summary>
static class StaticTable
{
    public const int Count = 61;

    static readonly (string Name, string Value)[] Fields =
    [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
        (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
        (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
        (":status", "404"), (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"),
        ("accept-language", ""), ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""),
        ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
        ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""),
        ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""),
        ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
        ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""),
        ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
        ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""),
        ("retry-after", ""), ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""),
        ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
        ("www-authenticate", ""),
    ];

    static readonly byte[][] Names = [.. Fields.Select(f => Encoding.ASCII.GetBytes(f.Name))];
    static readonly byte[][] Values = [.. Fields.Select(f => Encoding.ASCII.GetBytes(f.Value))];

    public static ReadOnlySpan<byte> Name(int index) => Names[index - 1];

    public static ReadOnlySpan<byte> Value(int index) => Values[index - 1];

    /// <summary>The number of the field, or the number of the first with this name and false, or 0.</summary>
    public static int Find(string name, string value, out bool whole)
    {
        var index = Array.IndexOf(Fields, (name, value)) + 1;
        whole = index > 0;
        return whole ? index : Array.FindIndex(Fields, f => f.Name == name) + 1;
    }
}
