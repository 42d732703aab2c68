using System.Buffers.Binary;
using System.Text;

namespace Fettle.Forests.Formats;

/// <summary>Reads little-endian values of one section; nothing is allocated for a count that the bytes left cannot hold.</summary>
internal ref struct SectionReader(string file, string tag, ReadOnlySpan<byte> bytes, int start)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _at;

    public readonly int Left => _bytes.Length - _at;

    public readonly ModelFormatException Error(string message) => new(message, file, $"byte {start + _at} (section {tag})");

    public byte Byte() => Take(1)[0];

    public int Integer() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public float Single() => BinaryPrimitives.ReadSingleLittleEndian(Take(4));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public double Real(ForestArithmetic arithmetic) => arithmetic == ForestArithmetic.Single ? Single() : Double();

    public int Integer(string name, int lowest, int highest)
    {
        var value = Integer();
        return value >= lowest && value <= highest ? value : throw Error($"{name} is {value}; allowed: {lowest} to {highest}");
    }

    /// <summary>A count of elements of a size, checked against the bytes left.</summary>
    public int Count(string name, int size)
    {
        var value = Integer();
        return value >= 0 && (long)value * size <= Left ? value : throw Error($"{name} is {value}; {Left} bytes are left for elements of {size}");
    }

    public string Text()
    {
        var length = Count("the length of a text", 1);
        return Encoding.UTF8.GetString(Take(length));
    }

    public string[] Texts()
    {
        var texts = new string[Count("the number of texts", 4)];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = Text();
        }

        return texts;
    }

    /// <summary>One number among <paramref name="count"/>: one, two or four bytes.</summary>
    public int Number(int count)
    {
        var value = count <= 256 ? Byte() : count <= 65536 ? BinaryPrimitives.ReadUInt16LittleEndian(Take(2)) : Integer();
        return value >= 0 && value < Math.Max(1, count) ? value : throw Error($"the number {value} is outside 0 to {count - 1}");
    }

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length > Left)
        {
            throw Error($"{length} bytes are needed, {Left} are left");
        }

        _at += length;
        return _bytes.Slice(_at - length, length);
    }
}
