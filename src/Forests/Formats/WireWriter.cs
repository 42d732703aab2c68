using System.Buffers.Binary;
using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>Writes protobuf's wire format.</summary>
internal sealed class WireWriter
{
    readonly MemoryStream _stream = new();

    public byte[] ToArray() => _stream.ToArray();

    public WireWriter Integer(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    public WireWriter Single(int field, float value)
    {
        Varint((ulong)field << 3 | 5);
        Put(value);
        return this;
    }

    public WireWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public WireWriter Message(int field, WireWriter message) => Bytes(field, message.ToArray());

    public WireWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)field << 3 | 2);
        Varint((ulong)value.Length);
        _stream.Write(value);
        return this;
    }

    public WireWriter Integers(int field, IEnumerable<long> values)
    {
        var packed = new WireWriter();
        foreach (var value in values)
        {
            packed.Varint((ulong)value);
        }

        return Message(field, packed);
    }

    public WireWriter Singles(int field, IEnumerable<float> values)
    {
        var packed = new WireWriter();
        foreach (var value in values)
        {
            packed.Put(value);
        }

        return Message(field, packed);
    }

    void Put(float value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _stream.Write(bytes);
    }

    void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _stream.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        _stream.WriteByte((byte)value);
    }
}
