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
/// Leaf lookup for 256 rows by byte shuffles: byte k of every leaf is a table of 16-byte pieces; a shuffle looks up 16 rows per lane, the high bits of the
/// index choose the piece, and unpacking puts the bytes of a value together again. Exact: bytes are moved, not computed.
/// </summary>
internal static class LeafShuffle
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add<TTable>(ref byte indexes, ref byte tables, ref float sums) where TTable : ILeafTable
    {
        fixed (byte* index = &indexes, table = &tables)
        fixed (float* sum = &sums)
        {
            for (var j = 0; j < 8; j++)
            {
                Words<TTable>(Vector256.Load(index + j * 32), table, out var f0, out var f1, out var f2, out var f3);
                var at = sum + j * 32;
                (Vector256.Load(at) + f0.AsSingle()).Store(at);
                (Vector256.Load(at + 8) + f1.AsSingle()).Store(at + 8);
                (Vector256.Load(at + 16) + f2.AsSingle()).Store(at + 16);
                (Vector256.Load(at + 24) + f3.AsSingle()).Store(at + 24);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Add<TTable>(ref byte indexes, ref byte tables, ref double sums) where TTable : ILeafTable
    {
        fixed (byte* index = &indexes, table = &tables)
        fixed (double* sum = &sums)
        {
            for (var j = 0; j < 8; j++)
            {
                var which = Vector256.Load(index + j * 32);
                Words<TTable>(which, table, out var a0, out var a1, out var a2, out var a3);
                Words<TTable>(which, table + 4 * TTable.Leaves, out var b0, out var b1, out var b2, out var b3);
                var at = sum + j * 32;
                AddPair(a0, b0, at);
                AddPair(a1, b1, at + 8);
                AddPair(a2, b2, at + 16);
                AddPair(a3, b3, at + 24);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void AddPair(Vector256<int> low, Vector256<int> high, double* at)
    {
        (Vector256.Load(at) + Avx2.UnpackLow(low, high).AsDouble()).Store(at);
        (Vector256.Load(at + 4) + Avx2.UnpackHigh(low, high).AsDouble()).Store(at + 4);
    }

    /// <summary>Four byte planes of 32 looked-up leaves, put together as 32-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Words<TTable>(Vector256<byte> index, byte* table, out Vector256<int> f0, out Vector256<int> f1, out Vector256<int> f2, out Vector256<int> f3)
        where TTable : ILeafTable
    {
        var odd = Vector256.ShiftLeft(index.AsUInt16(), 3).AsByte();
        var upper = Vector256.ShiftLeft(index.AsUInt16(), 2).AsByte();
        var b0 = Look<TTable>(index, odd, upper, table);
        var b1 = Look<TTable>(index, odd, upper, table + TTable.Leaves);
        var (low01, high01) = (Avx2.UnpackLow(b0, b1).AsInt16(), Avx2.UnpackHigh(b0, b1).AsInt16());
        var b2 = Look<TTable>(index, odd, upper, table + 2 * TTable.Leaves);
        var b3 = Look<TTable>(index, odd, upper, table + 3 * TTable.Leaves);
        var (low23, high23) = (Avx2.UnpackLow(b2, b3).AsInt16(), Avx2.UnpackHigh(b2, b3).AsInt16());
        f0 = Avx2.UnpackLow(low01, low23).AsInt32();
        f1 = Avx2.UnpackHigh(low01, low23).AsInt32();
        f2 = Avx2.UnpackLow(high01, high23).AsInt32();
        f3 = Avx2.UnpackHigh(high01, high23).AsInt32();
    }

    /// <summary>Bits 4 and 5 of the index, moved to the sign, choose between the pieces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Look<TTable>(Vector256<byte> index, Vector256<byte> odd, Vector256<byte> upper, byte* table) where TTable : ILeafTable
    {
        var low = Avx2.BlendVariable(
            Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(table), index), Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(table + 16), index), odd);
        if (TTable.Leaves == 32)
        {
            return low;
        }

        var high = Avx2.BlendVariable(
            Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(table + 32), index), Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(table + 48), index), odd);
        return Avx2.BlendVariable(low, high, upper);
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
