using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Fettle.Caching.Serialization;

/// <summary>
/// What surrounds a value in the second tier: magic, version, flags, checksum, data version, load time, stale window, tags, then the payload.
/// Little-endian. Anything that does not parse exactly is refused, and the cache counts it as a miss.
/// <code>
/// 0 magic F7 | 1 version 02 | 2 flags (1 null, 2 compressed) | 3 zero | 4 CRC-32C of the place and all from 8 | 8 data version (8)
/// 16 load time in µs (4) | 20 stale window in ms (8) | 28 raw payload length (4) | 32 number of tags (2) | tags: length (2), UTF-8 | payload
/// </code>
/// The place is the category and the key: a value that comes back for another key, whoever mixed them up, is refused like a damaged one.
/// </summary>
internal static class Envelope
{
    const byte Magic = 0xF7;
    const byte Version = 2;
    const int HeaderLength = 34;
    const byte NullFlag = 1;
    const byte CompressedFlag = 2;

    /// <summary>What the checksum knows of where the value is stored.</summary>
    public static uint Place(string category, string key) =>
        Add(Add(Add(uint.MaxValue, MemoryMarshal.AsBytes(category.AsSpan())), "\0"u8), MemoryMarshal.AsBytes(key.AsSpan()));

    public static byte[] Write<T>(T value, in EnvelopeHeader header, ICacheSerializer<T> serializer, int compressAbove, uint place)
    {
        var payload = new ArrayBufferWriter<byte>(256);
        byte flags = 0;
        if (value is null)
        {
            flags |= NullFlag;
        }
        else
        {
            serializer.Serialize(value, payload);
        }

        var body = payload.WrittenSpan;
        byte[]? packed = null;
        if (body.Length > compressAbove)
        {
            packed = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
            if (BrotliEncoder.TryCompress(body, packed, out var length, quality: 1, window: 22) && length < body.Length)
            {
                flags |= CompressedFlag;
                body = packed.AsSpan(0, length);
            }
        }

        var tagBytes = 0;
        foreach (var tag in header.Tags)
        {
            tagBytes += 2 + Encoding.UTF8.GetByteCount(tag);
        }

        var bytes = new byte[HeaderLength + tagBytes + body.Length];
        bytes[0] = Magic;
        bytes[1] = Version;
        bytes[2] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), header.DataVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), header.LoadMicroseconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(20), header.StaleMilliseconds);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), payload.WrittenCount);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(32), checked((ushort)header.Tags.Length));
        var at = HeaderLength;
        foreach (var tag in header.Tags)
        {
            var length = Encoding.UTF8.GetBytes(tag, bytes.AsSpan(at + 2));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), checked((ushort)length));
            at += 2 + length;
        }

        body.CopyTo(bytes.AsSpan(at));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), ~Add(place, bytes.AsSpan(8)));
        return bytes;
    }

    /// <exception cref="InvalidDataException">The bytes are not an envelope of this version, are damaged, were stored elsewhere, or are longer than allowed.</exception>
    public static T Read<T>(ReadOnlySpan<byte> bytes, ICacheSerializer<T> serializer, int maxBytes, uint place, out EnvelopeHeader header)
    {
        if (bytes.Length < HeaderLength || bytes[0] != Magic || bytes[1] != Version || (bytes[2] & ~3) != 0 || bytes[3] != 0)
        {
            Throw.CorruptValue("not an envelope of this version");
        }

        if (bytes.Length > maxBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != ~Add(place, bytes[8..]))
        {
            Throw.CorruptValue("longer than allowed, or the checksum differs");
        }

        var rawLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        var tags = ReadTags(bytes, out var at);
        header = new EnvelopeHeader(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]),
            tags);
        if ((bytes[2] & NullFlag) != 0)
        {
            return default!;
        }

        var payload = bytes[at..];
        if ((bytes[2] & CompressedFlag) == 0)
        {
            return payload.Length == rawLength ? serializer.Deserialize(payload) : Corrupt<T>("the payload's length differs");
        }

        if (rawLength < 0 || rawLength > maxBytes)
        {
            Throw.CorruptValue("the unpacked length is out of range");
        }

        var raw = ArrayPool<byte>.Shared.Rent(Math.Max(1, rawLength));
        try
        {
            return BrotliDecoder.TryDecompress(payload, raw.AsSpan(0, rawLength), out var written) && written == rawLength
                ? serializer.Deserialize(raw.AsSpan(0, rawLength))
                : Corrupt<T>("the payload does not unpack");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
        }
    }

    static string[] ReadTags(ReadOnlySpan<byte> bytes, out int at)
    {
        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
        at = HeaderLength;
        if (count == 0)
        {
            return [];
        }

        var tags = new string[count];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length - at < 2)
            {
                Throw.CorruptValue("the tags are cut off");
            }

            var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
            at += 2;
            if (bytes.Length - at < length)
            {
                Throw.CorruptValue("a tag is cut off");
            }

            tags[i] = Encoding.UTF8.GetString(bytes.Slice(at, length));
            at += length;
        }

        return tags;
    }

    static T Corrupt<T>(string reason)
    {
        Throw.CorruptValue(reason);
        return default;
    }

    static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}

/// <summary>What the envelope says besides the value.</summary>
internal readonly record struct EnvelopeHeader(long DataVersion, int LoadMicroseconds, long StaleMilliseconds, string[] Tags);
