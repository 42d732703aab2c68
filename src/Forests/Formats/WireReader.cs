using System.Buffers.Binary;
using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>Reads protobuf's wire format from a range of a file; lengths are checked against the range before anything is allocated.</summary>
internal ref struct WireReader
{
    readonly string _file;
    readonly byte[] _bytes;
    readonly int _end;
    int _at;
    int _type;

    public WireReader(string file, byte[] bytes, int start, int end) => (_file, _bytes, _at, _end) = (file, bytes, start, end);

    public readonly int Position => _at;

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; false at the end of the message.</summary>
    public bool Next()
    {
        if (_at >= _end)
        {
            return false;
        }

        var tag = Varint();
        (Field, _type) = (tag >> 3 is > 0 and < 1 << 29 ? (int)(tag >> 3) : throw Error($"the field number {tag >> 3} is not allowed"), (int)(tag & 7));
        return true;
    }

    public long Integer() => _type == 0 ? (long)Varint() : throw Wrong("a whole number");

    public float Single()
    {
        Need(_type == 5, 4, "a float");
        _at += 4;
        return BinaryPrimitives.ReadSingleLittleEndian(_bytes.AsSpan(_at - 4));
    }

    public WireReader Message()
    {
        var (start, length) = Range();
        return new WireReader(_file, _bytes, start, start + length);
    }

    public ReadOnlySpan<byte> Raw()
    {
        var (start, length) = Range();
        return _bytes.AsSpan(start, length);
    }

    public string Text()
    {
        var at = _at;
        var raw = Raw();
        try
        {
            return StrictUtf8.GetString(raw);
        }
        catch (ArgumentException e)
        {
            throw new ModelFormatException("the text is not UTF-8", _file, $"byte {at}", e);
        }
    }

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>A repeated integer, packed or one at a time.</summary>
    public void Integers(List<long> into)
    {
        if (_type == 0)
        {
            into.Add((long)Varint());
            return;
        }

        var packed = Message();
        while (packed._at < packed._end)
        {
            into.Add((long)packed.Varint());
        }
    }

    public void Singles(List<double> into)
    {
        if (_type == 5)
        {
            into.Add(Single());
            return;
        }

        var raw = Raw();
        if (raw.Length % 4 != 0)
        {
            throw Error($"{raw.Length} bytes of packed floats are no multiple of 4");
        }

        for (var i = 0; i < raw.Length; i += 4)
        {
            into.Add(BinaryPrimitives.ReadSingleLittleEndian(raw[i..]));
        }
    }

    public void Doubles(List<double> into)
    {
        var raw = _type == 1 ? Fixed(8) : Raw();
        if (raw.Length % 8 != 0)
        {
            throw Error($"{raw.Length} bytes of packed doubles are no multiple of 8");
        }

        for (var i = 0; i < raw.Length; i += 8)
        {
            into.Add(BinaryPrimitives.ReadDoubleLittleEndian(raw[i..]));
        }
    }

    public void Skip()
    {
        switch (_type)
        {
            case 0:
                Varint();
                break;
            case 1:
                Fixed(8);
                break;
            case 2:
                Range();
                break;
            case 5:
                Fixed(4);
                break;
            default:
                throw Error($"the wire type {_type} is not known");
        }
    }

    public readonly ModelFormatException Error(string message) => new(message, _file, $"byte {_at}");

    readonly ModelFormatException Wrong(string wanted) => Error($"field {Field} has the wire type {_type} where {wanted} is needed");

    ReadOnlySpan<byte> Fixed(int size)
    {
        Need(true, size, "");
        _at += size;
        return _bytes.AsSpan(_at - size, size);
    }

    (int Start, int Length) Range()
    {
        if (_type != 2)
        {
            throw Wrong("a length-delimited value");
        }

        var length = Varint();
        Need(true, length, "");
        var start = _at;
        _at += (int)length;
        return (start, (int)length);
    }

    readonly void Need(bool right, ulong size, string wanted)
    {
        if (!right)
        {
            throw Wrong(wanted);
        }

        if (size > (ulong)(_end - _at))
        {
            throw Error($"{size} bytes are announced, {_end - _at} are left; the file may be truncated");
        }
    }

    readonly void Need(bool right, int size, string wanted) => Need(right, (ulong)size, wanted);

    ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            Need(true, 1, "");
            var b = _bytes[_at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Error("a number has more than 64 bits");
    }
}
