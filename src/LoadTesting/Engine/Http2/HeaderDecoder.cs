using System.Buffers;

namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>Takes the fields of a header block in their order.</summary>
interface IFieldSink
{
    void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>Decodes header blocks (HPACK, RFC 7541). Every block of a connection has to pass, since it may change the table.</summary>
sealed class HeaderDecoder(int maxListBytes = 256 << 10) : IDisposable
{
    readonly HeaderTable _table = new();
    byte[] _name = [];
    byte[] _value = [];

    /// <summary>Gives the block's fields to the sink; returns what is wrong with the block, or null.</summary>
    public string? Decode(ReadOnlySpan<byte> block, IFieldSink sink)
    {
        var left = maxListBytes;
        var sizeAllowed = true;
        while (block.Length > 0)
        {
            var first = block[0];
            if ((first & 0xE0) == 0x20)
            {
                if (!sizeAllowed || !Integer(ref block, 5, out var size) || size > HeaderTable.DefaultSize)
                {
                    return "the table's size is changed out of place or beyond 4096 bytes";
                }

                _table.Resize(size);
                continue;
            }

            sizeAllowed = false;
            ReadOnlySpan<byte> name, value;
            if ((first & 0x80) != 0)
            {
                if (!Integer(ref block, 7, out var index) || !Named(index, out name))
                {
                    return "a header field's number is unknown";
                }

                value = index <= StaticTable.Count ? StaticTable.Value(index) : _table.Value(index - StaticTable.Count - 1);
            }
            else
            {
                var added = (first & 0x40) != 0;
                if (!Integer(ref block, added ? 6 : 4, out var index))
                {
                    return "a header field's number is cut";
                }

                if (index == 0)
                {
                    if (!Text(ref block, ref _name, out name) || name.Length == 0)
                    {
                        return "a header name is cut, empty or wrongly coded";
                    }
                }
                else if (!Named(index, out name))
                {
                    return "a header field's number is unknown";
                }
                else if (added && index > StaticTable.Count)
                {
                    // The table may move its bytes when the field is added.
                    Reserve(ref _name, name.Length);
                    name.CopyTo(_name);
                    name = _name.AsSpan(0, name.Length);
                }

                if (!Text(ref block, ref _value, out value))
                {
                    return "a header value is cut or wrongly coded";
                }

                if (added)
                {
                    _table.Add(name, value);
                }
            }

            left -= name.Length + value.Length + 32;
            if (left < 0)
            {
                return $"the head is longer than {maxListBytes} bytes";
            }

            sink.Field(name, value);
        }

        return null;
    }

    public void Dispose()
    {
        Reserve(ref _name, 0);
        Reserve(ref _value, 0);
    }

    bool Named(int index, out ReadOnlySpan<byte> name)
    {
        var known = index > 0 && index <= StaticTable.Count + _table.Count;
        name = !known ? default : index <= StaticTable.Count ? StaticTable.Name(index) : _table.Name(index - StaticTable.Count - 1);
        return known;
    }

    /// <summary>An integer with a prefix of the given bits (5.1); false when it is cut or above 2²⁸.</summary>
    static bool Integer(ref ReadOnlySpan<byte> block, int prefix, out int value)
    {
        var mask = (1 << prefix) - 1;
        value = block[0] & mask;
        block = block[1..];
        if (value < mask)
        {
            return true;
        }

        for (var shift = 0; shift < 28 && block.Length > 0; shift += 7)
        {
            var next = block[0];
            block = block[1..];
            value += (next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value < 1 << 28;
            }
        }

        return false;
    }

    static bool Text(scoped ref ReadOnlySpan<byte> block, ref byte[] buffer, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (block.Length == 0)
        {
            return false;
        }

        var coded = (block[0] & 0x80) != 0;
        if (!Integer(ref block, 7, out var length) || length > block.Length)
        {
            return false;
        }

        var raw = block[..length];
        block = block[length..];
        if (!coded)
        {
            text = raw;
            return true;
        }

        // The shortest code has five bits.
        Reserve(ref buffer, length * 8 / 5 + 1);
        var written = Huffman.Decode(raw, buffer);
        text = buffer.AsSpan(0, Math.Max(0, written));
        return written >= 0;
    }

    static void Reserve(ref byte[] buffer, int length)
    {
        if (buffer.Length >= length && length > 0)
        {
            return;
        }

        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = length == 0 ? [] : ArrayPool<byte>.Shared.Rent(length);
    }
}
