using System.Buffers;
using System.Globalization;

namespace Fettle.Redis.Protocol;

/// <summary>A growing buffer of commands in wire form. Not thread-safe; its owner holds a lock.</summary>
internal sealed class CommandBuffer
{
    const int Smallest = 16 * 1024;
    byte[] _bytes = ArrayPool<byte>.Shared.Rent(Smallest);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    /// <summary>Empties the buffer; one that grew for a burst is not kept at that size.</summary>
    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > 1 << 20)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(Smallest);
        }
    }

    /// <summary>Most bytes the command can need.</summary>
    public static long MaxBytes(ReadOnlySpan<RedisArgument> arguments)
    {
        long bytes = 16;
        foreach (var argument in arguments)
        {
            bytes += argument.MaxBytes + 32L;
        }

        return bytes;
    }

    public void Append(ReadOnlySpan<byte> wire)
    {
        Reserve(wire.Length);
        wire.CopyTo(_bytes.AsSpan(Length));
        Length += wire.Length;
    }

    public void Append(ReadOnlySpan<RedisArgument> arguments, long maxBytes)
    {
        Reserve(maxBytes);
        var bytes = _bytes.AsSpan();
        var at = Header(bytes, Length, (byte)'*', arguments.Length);
        foreach (ref readonly var argument in arguments)
        {
            if (argument.ExactBytes >= 0)
            {
                at = Header(bytes, at, (byte)'$', argument.ExactBytes);
                at += argument.Write(bytes[at..]);
            }
            else
            {
                // The length goes before the bytes, but text has to be encoded to know it: encode past the header, then close the gap.
                var body = at + 16;
                var written = argument.Write(bytes[body..]);
                var start = Header(bytes, at, (byte)'$', written);
                bytes.Slice(body, written).CopyTo(bytes[start..]);
                at = start + written;
            }

            bytes[at] = (byte)'\r';
            bytes[at + 1] = (byte)'\n';
            at += 2;
        }

        Length = at;
    }

    static int Header(Span<byte> bytes, int at, byte type, int number)
    {
        bytes[at++] = type;
        number.TryFormat(bytes[at..], out var digits, default, CultureInfo.InvariantCulture);
        at += digits;
        bytes[at] = (byte)'\r';
        bytes[at + 1] = (byte)'\n';
        return at + 2;
    }

    void Reserve(long more)
    {
        var needed = Length + more;
        if (needed <= _bytes.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max(needed, Math.Min(_bytes.Length * 2L, 1 << 28))));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
