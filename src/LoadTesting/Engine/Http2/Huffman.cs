namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>
/// The Huffman code of header strings (RFC 7541, appendix B). The code is canonical: the lengths alone give every code, shorter ones
/// first and, among those of a length, by symbol. Strings are decoded by comparing the next bits with the first code of each length.
/// </summary>
static class Huffman
{
    const int Longest = 30;

    /// <summary>Bits of the symbols 0 to 255 and of the end of the string.</summary>
    static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    static readonly short[] Symbols = new short[257]; // by code
    static readonly uint[] Codes = new uint[257]; // by symbol
    static readonly uint[] Limit = new uint[Longest + 1]; // behind the last code of the length, moved up to 32 bits
    static readonly int[] Offset = new int[Longest + 1]; // symbol's place minus code

    static Huffman()
    {
        var (code, place) = (0u, 0);
        for (var length = 1; length <= Longest; length++, code <<= 1)
        {
            Offset[length] = place - (int)code;
            for (var symbol = 0; symbol < Lengths.Length; symbol++)
            {
                if (Lengths[symbol] == length)
                {
                    Codes[symbol] = code++;
                    Symbols[place++] = (short)symbol;
                }
            }

            Limit[length] = length == Longest ? uint.MaxValue : code << (32 - length);
        }
    }

    /// <summary>Writes the decoded bytes and returns their number; -1 when the code is wrong or the destination too small.</summary>
    public static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var (bits, count, at, written) = (0UL, 0, 0, 0);
        while (true)
        {
            while (count <= 32 && at < source.Length)
            {
                bits |= (ulong)source[at++] << (56 - count);
                count += 8;
            }

            var window = (uint)(bits >> 32);
            var length = 5;
            while (length < Longest && window >= Limit[length])
            {
                length++;
            }

            if (length > count)
            {
                // What is left is padding: fewer than eight bits, all set (RFC 7541 5.2).
                return count < 8 && bits >> (64 - count) == (1UL << count) - 1 || count == 0 ? written : -1;
            }

            var symbol = Symbols[(int)(window >> (32 - length)) + Offset[length]];
            if (symbol == 256 || written == destination.Length)
            {
                return -1;
            }

            destination[written++] = (byte)symbol;
            bits <<= length;
            count -= length;
        }
    }

    /// <summary>Bytes that <see cref="Encode"/> writes.</summary>
    public static int EncodedLength(ReadOnlySpan<byte> source)
    {
        var bits = 0L;
        foreach (var symbol in source)
        {
            bits += Lengths[symbol];
        }

        return (int)((bits + 7) / 8);
    }

    /// <summary>Writes the code of the bytes, padded with ones.</summary>
    public static void Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var (bits, count, at) = (0UL, 0, 0);
        foreach (var symbol in source)
        {
            bits = bits << Lengths[symbol] | Codes[symbol];
            for (count += Lengths[symbol]; count >= 8; count -= 8)
            {
                destination[at++] = (byte)(bits >> (count - 8));
            }
        }

        if (count > 0)
        {
            destination[at] = (byte)(bits << (8 - count) | (1UL << (8 - count)) - 1);
        }
    }
}
