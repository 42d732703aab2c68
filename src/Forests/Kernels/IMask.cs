using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>One bit per row for a register's worth of rows: what the batch kernel needs of a vector width.</summary>
internal interface IMask<TSelf> where TSelf : unmanaged, IMask<TSelf>
{
    /// <summary>Bits in the register.</summary>
    static abstract int Rows { get; }

    static abstract TSelf Load(ref byte source, nint offset);

    static abstract void Store(TSelf value, ref byte target, nint offset);

    /// <summary>Bit from <paramref name="one"/> where <paramref name="select"/> has 1, else from <paramref name="zero"/>.</summary>
    static abstract TSelf Mux(TSelf select, TSelf zero, TSelf one);

    static abstract TSelf Or(TSelf left, TSelf right);

    static abstract TSelf And(TSelf left, TSelf right);

    /// <summary>left and not right.</summary>
    static abstract TSelf AndNot(TSelf left, TSelf right);

    /// <summary>Compares <see cref="Rows"/> biased ranks at <paramref name="ranks"/> with a threshold: 1 where above.</summary>
    static abstract void Compare(ref sbyte ranks, sbyte threshold, ref byte target, nint offset);

    /// <summary>Turns bit planes, the highest first, into one byte index per row.</summary>
    static abstract void ToIndexes(ref byte planes, int count, ref byte indexes);

    /// <summary>Adds leaves[index] to each row's sum; a table has 256 entries or as many as the indexes reach.</summary>
    static abstract void AddLeaves(ref byte indexes, ref float leaves, int leafCount, ref float sums);

    static abstract void AddLeaves(ref byte indexes, ref double leaves, int leafCount, ref double sums);
}

/// <summary>256 rows in an AVX2 register.</summary>
internal readonly struct Mask256 : IMask<Mask256>
{
    readonly Vector256<ulong> _bits;

    Mask256(Vector256<ulong> bits) => _bits = bits;

    public static int Rows => 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Load(ref byte source, nint offset) => new(Vector256.LoadUnsafe(ref source, (nuint)offset).AsUInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mask256 value, ref byte target, nint offset) => value._bits.AsByte().StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Mux(Mask256 select, Mask256 zero, Mask256 one) => new(((zero._bits ^ one._bits) & select._bits) ^ zero._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Or(Mask256 left, Mask256 right) => new(left._bits | right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 And(Mask256 left, Mask256 right) => new(left._bits & right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 AndNot(Mask256 left, Mask256 right) => new(Vector256.AndNot(left._bits, right._bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Compare(ref sbyte ranks, sbyte threshold, ref byte target, nint offset)
    {
        var wide = Vector256.Create(threshold);
        ref var words = ref Unsafe.As<byte, uint>(ref Unsafe.Add(ref target, offset));
        for (var i = 0; i < 8; i++)
        {
            Unsafe.Add(ref words, i) = Vector256.GreaterThan(Vector256.LoadUnsafe(ref ranks, (nuint)i * 32), wide).ExtractMostSignificantBits();
        }
    }

    /// <summary>Per 32 rows and plane: the four bytes of bits are spread over 32 bytes, each byte keeps its bit, and the index takes it as its lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToIndexes(ref byte planes, int count, ref byte indexes)
    {
        var spread = Vector256.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 18, 18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19, 19, 19);
        var bit = Vector256.Create(0x8040201008040201UL).AsByte();
        for (var group = 0; group < 8; group++)
        {
            var index = Vector256<byte>.Zero;
            for (var p = 0; p < count; p++)
            {
                var word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref planes, p * 32 + group * 4));
                var set = Vector256.Equals(Vector256.Shuffle(Vector256.Create(word).AsByte(), spread) & bit, bit);
                index = index + index - set;
            }

            index.StoreUnsafe(ref indexes, (nuint)group * 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void AddLeaves(ref byte indexes, ref float leaves, int leafCount, ref float sums)
    {
        if (Avx2.IsSupported)
        {
            fixed (byte* index = &indexes)
            fixed (float* table = &leaves)
            {
                for (var r = 0; r < 256; r += 8)
                {
                    var gathered = Avx2.GatherVector256(table, Avx2.ConvertToVector256Int32(index + r), 4);
                    (Vector256.LoadUnsafe(ref sums, (nuint)r) + gathered).StoreUnsafe(ref sums, (nuint)r);
                }
            }

            return;
        }

        for (var r = 0; r < 256; r++)
        {
            Unsafe.Add(ref sums, r) += Unsafe.Add(ref leaves, Unsafe.Add(ref indexes, r));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void AddLeaves(ref byte indexes, ref double leaves, int leafCount, ref double sums)
    {
        if (Avx2.IsSupported)
        {
            fixed (byte* index = &indexes)
            fixed (double* table = &leaves)
            {
                for (var r = 0; r < 256; r += 4)
                {
                    var four = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(index + r)).AsByte();
                    var gathered = Avx2.GatherVector256(table, Sse41.ConvertToVector128Int32(four), 8);
                    (Vector256.LoadUnsafe(ref sums, (nuint)r) + gathered).StoreUnsafe(ref sums, (nuint)r);
                }
            }

            return;
        }

        for (var r = 0; r < 256; r++)
        {
            Unsafe.Add(ref sums, r) += Unsafe.Add(ref leaves, Unsafe.Add(ref indexes, r));
        }
    }
}
