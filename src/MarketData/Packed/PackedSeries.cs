using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Fettle.MarketData;

/// <summary>
/// All bars of one stock as one block of bytes, so that a market of four million rows is read as eleven thousand. Lossless.
/// </summary>
/// <remarks>
/// Little-endian. Bytes 0–3 <c>FPK1</c>; 4–7 bars; 8–11 CRC-32C of everything from byte 12; 12–16 the kinds of the columns open, high, low,
/// close, volume; 17–19 zero; then the days as int32, then the columns. Kind 0 is float64; kind 1 is int32 hundredths, used when every
/// value is exactly the double nearest to its hundredths; kind 2 is int32 whole numbers.
/// </remarks>
internal static class PackedSeries
{
    public const int HeaderBytes = 20;
    public const int Columns = 5;
    static ReadOnlySpan<byte> Magic => "FPK1"u8;

    const byte Float64 = 0, Hundredths = 1, Whole = 2;

    /// <param name="days">Ascending day numbers.</param>
    /// <param name="columns">Open, high, low, close, volume.</param>
    public static byte[] Encode(ReadOnlySpan<int> days, params ReadOnlySpan<double[]> columns)
    {
        Span<byte> kinds = stackalloc byte[Columns];
        var size = HeaderBytes + days.Length * sizeof(int);
        for (var c = 0; c < Columns; c++)
        {
            kinds[c] = Kind(columns[c]);
            size += days.Length * (kinds[c] == Float64 ? sizeof(double) : sizeof(int));
        }

        var bytes = new byte[size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), days.Length);
        kinds.CopyTo(bytes.AsSpan(12));
        var rest = bytes.AsSpan(HeaderBytes);
        foreach (var day in days)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, day);
            rest = rest[sizeof(int)..];
        }

        for (var c = 0; c < Columns; c++)
        {
            foreach (var value in columns[c])
            {
                if (kinds[c] == Float64)
                {
                    BinaryPrimitives.WriteDoubleLittleEndian(rest, value);
                }
                else
                {
                    BinaryPrimitives.WriteInt32LittleEndian(rest, (int)Math.Round(kinds[c] == Hundredths ? value * 100 : value));
                }

                rest = rest[(kinds[c] == Float64 ? sizeof(double) : sizeof(int))..];
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Checksum(bytes.AsSpan(12)));
        return bytes;
    }

    /// <summary>The number of bars; checks everything that the header and the checksum can tell.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a whole packed series.</exception>
    public static int Count(string code, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes.StartsWith(Magic))
        {
            throw Throw.DamagedSeries(code, "it does not begin with the mark FPK1");
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        long size = HeaderBytes + (long)count * sizeof(int);
        for (var c = 0; c < Columns; c++)
        {
            if (bytes[12 + c] > Whole)
            {
                throw Throw.DamagedSeries(code, $"column {c} has the unknown kind {bytes[12 + c]}");
            }

            size += (long)count * (bytes[12 + c] == Float64 ? sizeof(double) : sizeof(int));
        }

        if (count < 0 || size != bytes.Length)
        {
            throw Throw.DamagedSeries(code, $"{count} bars need {size} bytes and there are {bytes.Length}");
        }

        return Checksum(bytes[12..]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) ? count : throw Throw.DamagedSeries(code, "its checksum differs");
    }

    /// <summary>Copies the bars; the spans have the length that <see cref="Count"/> gave.</summary>
    public static void Decode(ReadOnlySpan<byte> bytes, Span<int> days, Span<double> open, Span<double> high, Span<double> low, Span<double> close, Span<double> volume)
    {
        var rest = bytes[HeaderBytes..];
        for (var i = 0; i < days.Length; i++)
        {
            days[i] = BinaryPrimitives.ReadInt32LittleEndian(rest[(i * sizeof(int))..]);
        }

        rest = rest[(days.Length * sizeof(int))..];
        Column(bytes[12], ref rest, open);
        Column(bytes[13], ref rest, high);
        Column(bytes[14], ref rest, low);
        Column(bytes[15], ref rest, close);
        Column(bytes[16], ref rest, volume);
    }

    static void Column(byte kind, ref ReadOnlySpan<byte> rest, Span<double> values)
    {
        if (kind == Float64)
        {
            var source = rest[..(values.Length * sizeof(double))];
            rest = rest[source.Length..];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = BinaryPrimitives.ReadDoubleLittleEndian(source[(i * sizeof(double))..]);
            }

            return;
        }

        var whole = rest[..(values.Length * sizeof(int))];
        rest = rest[whole.Length..];
        var divisor = kind == Hundredths ? 100.0 : 1.0;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadInt32LittleEndian(whole[(i * sizeof(int))..]) / divisor;
        }
    }

    static byte Kind(double[] column)
    {
        if (column.All(v => Fits(v, 1)))
        {
            return Whole;
        }

        return column.All(v => Fits(v, 100)) ? Hundredths : Float64;
    }

    /// <summary>Whether scaling, rounding and dividing gives the same bits (so not for negative zero).</summary>
    static bool Fits(double value, double scale)
    {
        var scaled = Math.Round(value * scale);
        return Math.Abs(scaled) <= int.MaxValue && BitConverter.DoubleToInt64Bits((int)scaled / scale) == BitConverter.DoubleToInt64Bits(value);
    }

    static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (var value in bytes[(bytes.Length / sizeof(ulong) * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
