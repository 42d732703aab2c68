using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>How many leaves a table holds, known when the code is compiled.</summary>
internal interface ILeafTable
{
    static abstract int Leaves { get; }
}

internal readonly struct Of32 : ILeafTable
{
    public static int Leaves => 32;
}

internal readonly struct Of64 : ILeafTable
{
    public static int Leaves => 64;
}

/// <summary>
/// Leaf lookup for 256 rows by byte shuffles, two registers of indexes at a time, so that a table is read once for both.
/// 1. Byte k of every leaf is a table of 16-byte pieces. A shuffle looks up an index in a piece, and gives 0 where the index is negative.
/// 2. A piece is asked with the index less its first leaf, so every piece up to the index's own answers. Pieces are stored XORed with the one before, so
///    the XOR of the answers is the byte that is wanted.
/// 3. Unpacking puts the bytes of a value together again. Exact: bytes are moved, not computed.
/// </summary>
internal static class LeafShuffle
{
    const int Registers = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add<TTable>(ref byte indexes, ref byte tables, ref float sums) where TTable : ILeafTable
    {
        fixed (byte* index = &indexes, table = &tables)
        fixed (float* sum = &sums)
        {
            for (var j = 0; j < Registers; j += 2)
            {
                var (i, k) = (Vector256.Load(index + j * 32), Vector256.Load(index + j * 32 + 32));
                Words<TTable>(i, k, table, out var low01, out var high01, out var kLow01, out var kHigh01);
                Words<TTable>(i, k, table + 2 * TTable.Leaves, out var low23, out var high23, out var kLow23, out var kHigh23);
                AddWords(low01, low23, high01, high23, sum + j * 32);
                AddWords(kLow01, kLow23, kHigh01, kHigh23, sum + j * 32 + 32);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void AddWords(Vector256<short> low01, Vector256<short> low23, Vector256<short> high01, Vector256<short> high23, float* at)
    {
        (Vector256.Load(at) + Avx2.UnpackLow(low01, low23).AsSingle()).Store(at);
        (Vector256.Load(at + 8) + Avx2.UnpackHigh(low01, low23).AsSingle()).Store(at + 8);
        (Vector256.Load(at + 16) + Avx2.UnpackLow(high01, high23).AsSingle()).Store(at + 16);
        (Vector256.Load(at + 24) + Avx2.UnpackHigh(high01, high23).AsSingle()).Store(at + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add<TTable>(ref byte indexes, ref byte tables, ref double sums) where TTable : ILeafTable
    {
        // The bytes of four 16-bit pairs, for two registers; more than the processor has room for, so they pass through memory.
        var pairs = stackalloc Vector256<short>[4 * 4];
        fixed (byte* index = &indexes, table = &tables)
        fixed (double* sum = &sums)
        {
            for (var j = 0; j < Registers; j += 2)
            {
                var (i, k) = (Vector256.Load(index + j * 32), Vector256.Load(index + j * 32 + 32));
                for (var p = 0; p < 4; p++)
                {
                    Words<TTable>(i, k, table + 2 * p * TTable.Leaves, out pairs[p], out pairs[4 + p], out pairs[8 + p], out pairs[12 + p]);
                }

                for (var p = 0; p < 4; p++)
                {
                    AddPairs(pairs + 4 * p, sum + j * 32 + 16 * p);
                }
            }
        }
    }

    /// <summary>Adds 16 values whose bytes lie in four registers of pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void AddPairs(Vector256<short>* pairs, double* at)
    {
        AddFour(Avx2.UnpackLow(pairs[0], pairs[1]).AsInt32(), Avx2.UnpackLow(pairs[2], pairs[3]).AsInt32(), at);
        AddFour(Avx2.UnpackHigh(pairs[0], pairs[1]).AsInt32(), Avx2.UnpackHigh(pairs[2], pairs[3]).AsInt32(), at + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void AddFour(Vector256<int> low, Vector256<int> high, double* at)
    {
        (Vector256.Load(at) + Avx2.UnpackLow(low, high).AsDouble()).Store(at);
        (Vector256.Load(at + 4) + Avx2.UnpackHigh(low, high).AsDouble()).Store(at + 4);
    }

    /// <summary>Two neighbouring bytes of the leaves of two registers of indexes, put together as 16-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Words<TTable>(Vector256<byte> i, Vector256<byte> k, byte* table, out Vector256<short> low, out Vector256<short> high, out Vector256<short> kLow, out Vector256<short> kHigh)
        where TTable : ILeafTable
    {
        Look<TTable>(i, k, table, out var first, out var kFirst);
        Look<TTable>(i, k, table + TTable.Leaves, out var second, out var kSecond);
        (low, high) = (Avx2.UnpackLow(first, second).AsInt16(), Avx2.UnpackHigh(first, second).AsInt16());
        (kLow, kHigh) = (Avx2.UnpackLow(kFirst, kSecond).AsInt16(), Avx2.UnpackHigh(kFirst, kSecond).AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Look<TTable>(Vector256<byte> i, Vector256<byte> k, byte* table, out Vector256<byte> found, out Vector256<byte> kFound) where TTable : ILeafTable
    {
        var piece = Avx2.BroadcastVector128ToVector256(table);
        found = Avx2.Shuffle(piece, i);
        kFound = Avx2.Shuffle(piece, k);
        piece = Avx2.BroadcastVector128ToVector256(table + 16);
        found ^= Avx2.Shuffle(piece, i - Vector256.Create((byte)16));
        kFound ^= Avx2.Shuffle(piece, k - Vector256.Create((byte)16));
        if (TTable.Leaves == 32)
        {
            return;
        }

        piece = Avx2.BroadcastVector128ToVector256(table + 32);
        found ^= Avx2.Shuffle(piece, i - Vector256.Create((byte)32));
        kFound ^= Avx2.Shuffle(piece, k - Vector256.Create((byte)32));
        piece = Avx2.BroadcastVector128ToVector256(table + 48);
        found ^= Avx2.Shuffle(piece, i - Vector256.Create((byte)48));
        kFound ^= Avx2.Shuffle(piece, k - Vector256.Create((byte)48));
    }
}

/// <summary>Leaf lookup for 256 rows by gathers, for tables that no shuffle reaches (65 to 256 leaves).</summary>
internal static class LeafGather
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add(ref byte indexes, ref float leaves, ref float sums)
    {
        fixed (byte* index = &indexes)
        fixed (float* table = &leaves, sum = &sums)
        {
            var ordered = stackalloc byte[32];
            for (var j = 0; j < 8; j++)
            {
                InSumOrder(Vector256.Load(index + j * 32)).Store(ordered);
                for (var i = 0; i < 32; i += 8)
                {
                    var at = sum + j * 32 + i;
                    (Vector256.Load(at) + Avx2.GatherVector256(table, Avx2.ConvertToVector256Int32(ordered + i), 4)).Store(at);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add(ref byte indexes, ref double leaves, ref double sums)
    {
        fixed (byte* index = &indexes)
        fixed (double* table = &leaves, sum = &sums)
        {
            var pairs = Vector256.Create(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, (byte)15);
            var ordered = stackalloc byte[32];
            for (var j = 0; j < 8; j++)
            {
                Avx2.Shuffle(InSumOrder(Vector256.Load(index + j * 32)), pairs).Store(ordered);
                for (var i = 0; i < 32; i += 4)
                {
                    var four = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ordered + i)).AsByte();
                    var at = sum + j * 32 + i;
                    (Vector256.Load(at) + Avx2.GatherVector256(table, Sse41.ConvertToVector128Int32(four), 8)).Store(at);
                }
            }
        }
    }

    /// <summary>Alternates the four-byte groups of the two lanes, the order in which <see cref="LeafShuffle"/> leaves its sums.</summary>
    static Vector256<byte> InSumOrder(Vector256<byte> index) => Avx2.PermuteVar8x32(index.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte();
}
