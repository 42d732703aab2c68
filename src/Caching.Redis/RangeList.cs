using System.Buffers.Binary;
using System.Text;

namespace Fettle.Caching.Redis;

/// <summary>
/// Reads the list of prefixes and patterns that the scripts keep in the root: MessagePack, an array of arrays of stamp, kind and text.
/// Only the types the scripts write are known; anything else is an error, since a misread list would hide an invalidation.
/// </summary>
internal static class RangeList
{
    public static List<(long Stamp, int Kind, string Text)> Read(ReadOnlySpan<byte> bytes)
    {
        var list = new List<(long, int, string)>();
        for (var count = Array(ref bytes); count > 0; count--)
        {
            if (Array(ref bytes) != 3)
            {
                throw new FormatException("an invalidation has not three parts");
            }

            list.Add((Integer(ref bytes), (int)Integer(ref bytes), Text(ref bytes)));
        }

        return list;
    }

    static int Array(ref ReadOnlySpan<byte> bytes)
    {
        var first = Take(ref bytes, 1)[0];
        return (first & 0xf0) == 0x90 ? first & 0x0f : first == 0xdc ? BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2)) : throw Unknown(first);
    }

    static long Integer(ref ReadOnlySpan<byte> bytes)
    {
        var first = Take(ref bytes, 1)[0];
        return first switch
        {
            < 0x80 => first,
            0xcc => Take(ref bytes, 1)[0],
            0xcd => BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2)),
            0xce => BinaryPrimitives.ReadUInt32BigEndian(Take(ref bytes, 4)),
            0xcf => checked((long)BinaryPrimitives.ReadUInt64BigEndian(Take(ref bytes, 8))),
            0xd0 => (sbyte)Take(ref bytes, 1)[0],
            0xd1 => BinaryPrimitives.ReadInt16BigEndian(Take(ref bytes, 2)),
            0xd2 => BinaryPrimitives.ReadInt32BigEndian(Take(ref bytes, 4)),
            0xd3 => BinaryPrimitives.ReadInt64BigEndian(Take(ref bytes, 8)),
            0xcb => (long)BinaryPrimitives.ReadDoubleBigEndian(Take(ref bytes, 8)),
            _ => throw Unknown(first),
        };
    }

    static string Text(ref ReadOnlySpan<byte> bytes)
    {
        var first = Take(ref bytes, 1)[0];
        var length = (first & 0xe0) == 0xa0
            ? first & 0x1f
            : first switch
            {
                0xd9 => Take(ref bytes, 1)[0],
                0xda => BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2)),
                0xdb => checked((int)BinaryPrimitives.ReadUInt32BigEndian(Take(ref bytes, 4))),
                _ => throw Unknown(first),
            };
        return Encoding.UTF8.GetString(Take(ref bytes, length));
    }

    static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length < count)
        {
            throw new FormatException("the list of invalidations is cut off");
        }

        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    static FormatException Unknown(byte first) => new($"byte 0x{first:x2} does not belong in the list of invalidations");
}
