using System.Buffers.Binary;
using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>
/// Reads Universal Binary JSON (draft 12) as XGBoost writes it: big-endian numbers, optional counts, strongly typed arrays.
/// Counts are checked against the bytes that are left before anything is allocated.
/// </summary>
internal sealed class UbjsonReader : DocumentSource
{
    const int MaxDepth = 64;
    int _at;

    UbjsonReader(string file, byte[] bytes)
        : base(file, bytes)
    {
    }

    public static DocumentNode Read(string file, byte[] bytes)
    {
        var reader = new UbjsonReader(file, bytes);
        var root = reader.ReadValue(reader.NextMarker(), 0);
        return reader._at == bytes.Length ? root : throw reader.Error(reader._at, "bytes follow the end of the document");
    }

    /// <summary>The offset is that of the payload, or of the element's own marker when <paramref name="marker"/> is 0.</summary>
    public override float ReadSingle(int offset, byte marker)
    {
        Unmark(ref offset, ref marker);
        return marker == 'd' ? BinaryPrimitives.ReadSingleBigEndian(Bytes.AsSpan(offset))
            : marker == 'D' ? (float)BinaryPrimitives.ReadDoubleBigEndian(Bytes.AsSpan(offset))
            : Integer(offset, marker);
    }

    public override double ReadDouble(int offset, byte marker)
    {
        Unmark(ref offset, ref marker);
        return marker == 'd' ? BinaryPrimitives.ReadSingleBigEndian(Bytes.AsSpan(offset))
            : marker == 'D' ? BinaryPrimitives.ReadDoubleBigEndian(Bytes.AsSpan(offset))
            : Integer(offset, marker);
    }

    public override long ReadInteger(int offset, byte marker)
    {
        Unmark(ref offset, ref marker);
        return marker is (byte)'d' or (byte)'D' ? throw Error(offset, "a fraction is found where a whole number is needed") : Integer(offset, marker);
    }

    void Unmark(ref int offset, ref byte marker)
    {
        if (marker == 0)
        {
            marker = Bytes[offset++];
        }
    }

    long Integer(int offset, byte marker) => marker switch
    {
        (byte)'i' => (sbyte)Bytes[offset],
        (byte)'U' => Bytes[offset],
        (byte)'I' => BinaryPrimitives.ReadInt16BigEndian(Bytes.AsSpan(offset)),
        (byte)'l' => BinaryPrimitives.ReadInt32BigEndian(Bytes.AsSpan(offset)),
        (byte)'L' => BinaryPrimitives.ReadInt64BigEndian(Bytes.AsSpan(offset)),
        _ => throw Error(offset, $"the type '{(char)marker}' is no number"),
    };

    static int SizeOf(byte marker) => marker switch
    {
        (byte)'i' or (byte)'U' => 1,
        (byte)'I' => 2,
        (byte)'l' or (byte)'d' => 4,
        (byte)'L' or (byte)'D' => 8,
        _ => 0,
    };

    DocumentNode ReadValue(byte marker, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Error(_at, $"the document is nested deeper than {MaxDepth}");
        }

        var start = _at;
        switch (marker)
        {
            case (byte)'{':
                return ReadObject(depth);
            case (byte)'[':
                return ReadArray(depth);
            case (byte)'S':
                return new DocumentNode(this, DocumentKind.String, start) { Text = ReadText() };
            case (byte)'T' or (byte)'F':
                return new DocumentNode(this, DocumentKind.Boolean, start) { Truth = marker == 'T' };
            case (byte)'Z':
                return new DocumentNode(this, DocumentKind.Null, start);
            default:
                Skip(marker);
                return new DocumentNode(this, DocumentKind.Number, start) { Marker = marker };
        }
    }

    DocumentNode ReadObject(int depth)
    {
        var node = new DocumentNode(this, DocumentKind.Object, _at);
        var (type, count) = ReadHeader();
        for (long i = 0; count < 0 || i < count; i++)
        {
            if (count < 0 && Peek() == '}')
            {
                _at++;
                break;
            }

            var name = ReadText();
            node.Members.Add((name, ReadValue(type != 0 ? type : NextMarker(), depth + 1)));
        }

        return node;
    }

    DocumentNode ReadArray(int depth)
    {
        var start = _at;
        var (type, count) = ReadHeader();
        if (type != 0 && SizeOf(type) is var size and > 0)
        {
            if (count > (Bytes.Length - _at) / size)
            {
                throw Error(start, $"an array of {count} elements of {size} bytes is longer than the {Bytes.Length - _at} bytes left");
            }

            var data = _at;
            _at += (int)count * size;
            return new DocumentNode(this, DocumentKind.Numbers, data) { Count = (int)count, Stride = size, Marker = type };
        }

        return ReadMixed(start, type, count, depth);
    }

    DocumentNode ReadMixed(int start, byte type, long count, int depth)
    {
        var items = new DocumentNode(this, DocumentKind.Array, start);
        var offsets = new List<int>();
        for (long i = 0; count < 0 || i < count; i++)
        {
            if (count < 0 && Peek() == ']')
            {
                _at++;
                break;
            }

            var at = _at;
            var marker = type != 0 ? type : NextMarker();
            if (SizeOf(marker) > 0 && items.Items.Count == 0)
            {
                Skip(marker);
                offsets.Add(at);
            }
            else if (offsets.Count == 0)
            {
                items.Items.Add(ReadValue(marker, depth + 1));
            }
            else
            {
                throw Error(at, "numbers and other values are mixed in one array");
            }
        }

        return offsets.Count == 0 ? items : new DocumentNode(this, DocumentKind.Numbers, start) { Offsets = [.. offsets], Count = offsets.Count };
    }

    /// <summary>Optional <c>$type</c> and <c>#count</c>; a count of −1 means that the container ends with its bracket.</summary>
    (byte Type, long Count) ReadHeader()
    {
        byte type = 0;
        if (Peek() == '$')
        {
            _at++;
            type = NextMarker();
            if (Peek() != '#')
            {
                throw Error(_at, "a typed container needs a count");
            }

            if (type is (byte)'T' or (byte)'F' or (byte)'Z' or (byte)'N')
            {
                throw Error(_at, $"a container of type '{(char)type}' takes no bytes per element and is refused");
            }
        }

        if (Peek() != '#')
        {
            return (type, -1);
        }

        _at++;
        var count = ReadLength();
        return count <= Bytes.Length - _at ? (type, count) : throw Error(_at, $"a container of {count} elements is longer than the {Bytes.Length - _at} bytes left");
    }

    long ReadLength()
    {
        var at = _at;
        var marker = NextMarker();
        var data = _at;
        Skip(marker);
        var length = marker is (byte)'d' or (byte)'D' ? -1 : Integer(data, marker);
        return length >= 0 ? length : throw Error(at, $"a length is {length}; allowed: 0 and more");
    }

    string ReadText()
    {
        var at = _at;
        var length = ReadLength();
        if (length > Bytes.Length - _at)
        {
            throw Error(at, $"a text of {length} bytes is longer than the {Bytes.Length - _at} bytes left");
        }

        _at += (int)length;
        try
        {
            return StrictUtf8.GetString(Bytes.AsSpan(_at - (int)length, (int)length));
        }
        catch (ArgumentException e)
        {
            throw Error(at, "the text is not UTF-8", e);
        }
    }

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    void Skip(byte marker)
    {
        var size = SizeOf(marker);
        if (size == 0)
        {
            throw Error(_at, $"the type '{(char)marker}' (0x{marker:x2}) is not known here");
        }

        if (size > Bytes.Length - _at)
        {
            throw Error(_at, "the file ends in the middle of a number");
        }

        _at += size;
    }

    byte NextMarker()
    {
        while (Peek() == 'N')
        {
            _at++;
        }

        return Bytes[_at++];
    }

    byte Peek() => _at < Bytes.Length ? Bytes[_at] : throw Error(_at, "the file ends in the middle of the document");
}
