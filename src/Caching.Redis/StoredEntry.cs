using System.Buffers.Binary;
using System.Text;

namespace Fettle.Caching.Redis;

/// <summary>
/// The bytes of an entry: magic <c>FT</c>, version, epoch (16 characters), stamp and expiry (doubles, little-endian; the script writes
/// these), then tags (count, and each with its length), the value's length, and the value. Anything else is not an entry.
/// </summary>
internal readonly ref struct StoredEntry
{
    public const int HeadBytes = 35;
    public const byte Version = 1;
    const int EpochBytes = 16;

    readonly ReadOnlySpan<byte> _tags;

    StoredEntry(ReadOnlySpan<byte> epoch, long stamp, long expiry, int tagCount, ReadOnlySpan<byte> tags, int valueOffset)
    {
        Epoch = epoch;
        Stamp = stamp;
        ExpiryMilliseconds = expiry;
        TagCount = tagCount;
        _tags = tags;
        ValueOffset = valueOffset;
    }

    public ReadOnlySpan<byte> Epoch { get; }

    /// <summary>Position in the sequence of invalidations: whatever has a larger stamp and covers the entry invalidates it.</summary>
    public long Stamp { get; }

    /// <summary>When the server lets it expire, in its own Unix milliseconds.</summary>
    public long ExpiryMilliseconds { get; }

    public int TagCount { get; }

    public int ValueOffset { get; }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out StoredEntry entry)
    {
        entry = default;
        if (bytes.Length < HeadBytes + 6 || bytes[0] != 'F' || bytes[1] != 'T' || bytes[2] != Version)
        {
            return false;
        }

        var stamp = BinaryPrimitives.ReadDoubleLittleEndian(bytes[19..]);
        var expiry = BinaryPrimitives.ReadDoubleLittleEndian(bytes[27..]);
        if (!(stamp is >= 1 and < 1L << 53) || !(expiry is >= 0 and < 1L << 53))
        {
            return false;
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[HeadBytes..]);
        var at = HeadBytes + 2;
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < at + 2)
            {
                return false;
            }

            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        }

        if (bytes.Length < at + 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) != (uint)(bytes.Length - at - 4))
        {
            return false;
        }

        entry = new(bytes.Slice(3, EpochBytes), (long)stamp, (long)expiry, count, bytes[(HeadBytes + 2)..at], at + 4);
        return true;
    }

    public string[] Tags()
    {
        if (TagCount == 0)
        {
            return [];
        }

        var tags = new string[TagCount];
        var at = 0;
        for (var i = 0; i < tags.Length; i++)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(_tags[at..]);
            tags[i] = Encoding.UTF8.GetString(_tags.Slice(at + 2, length));
            at += 2 + length;
        }

        return tags;
    }

    /// <summary>What the client writes: everything behind the head, the value excepted.</summary>
    /// <exception cref="ArgumentException">A tag is longer than 65,535 bytes in UTF-8 or there are more than 1,000.</exception>
    public static byte[] Tail(IReadOnlyList<string> tags, int valueLength)
    {
        if (tags.Count > 1000)
        {
            throw new ArgumentException($"a value has {tags.Count} tags; allowed are up to 1,000. Use fewer and broader tags.", nameof(tags));
        }

        var length = 6;
        for (var i = 0; i < tags.Count; i++)
        {
            length += 2 + Encoding.UTF8.GetByteCount(tags[i]);
        }

        var bytes = new byte[length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)tags.Count);
        var at = 2;
        for (var i = 0; i < tags.Count; i++)
        {
            var written = Encoding.UTF8.GetBytes(tags[i], bytes.AsSpan(at + 2));
            if (written > ushort.MaxValue)
            {
                throw new ArgumentException($"a tag takes {written} bytes; allowed are up to {ushort.MaxValue}. Use a shorter tag.", nameof(tags));
            }

            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)written);
            at += 2 + written;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)valueLength);
        return bytes;
    }
}
