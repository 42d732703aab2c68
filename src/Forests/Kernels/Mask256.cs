using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>256 rows in an AVX2 register.</summary>
internal readonly struct Mask256 : IMask<Mask256>
{
    readonly Vector256<byte> _bits;

    Mask256(Vector256<byte> bits) => _bits = bits;

    public static int Rows => 256;

    public static Mask256 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Load(ref byte source, nint offset) => new(Vector256.LoadUnsafe(ref source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mask256 value, ref byte target, nint offset) => value._bits.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Bytes(byte value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Mux(Mask256 select, Mask256 zero, Mask256 one) => new(((zero._bits ^ one._bits) & select._bits) ^ zero._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Test(ref byte tables, nint low, nint high) => new(
        (Vector256.LoadUnsafe(ref tables, (nuint)low) & Vector256.LoadUnsafe(ref tables, (nuint)high)) | Vector256.LoadUnsafe(ref tables, (nuint)high + 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Or(Mask256 left, Mask256 right) => new(left._bits | right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 And(Mask256 left, Mask256 right) => new(left._bits & right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 Xor(Mask256 left, Mask256 right) => new(left._bits ^ right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 AndNot(Mask256 left, Mask256 right) => new(Vector256.AndNot(left._bits, right._bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 ShiftLeft(Mask256 value, int count) => new(Vector256.ShiftLeft(value._bits.AsUInt16(), count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask256 ShiftRight(Mask256 value, int count) => new(Vector256.ShiftRightLogical(value._bits.AsUInt16(), count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToPlanes(ref byte bytes, ref byte planes)
    {
        ref var words = ref Unsafe.As<byte, uint>(ref planes);
        for (nuint group = 0; group < 8; group++)
        {
            var value = Vector256.LoadUnsafe(ref bytes, group * 32);
            for (var bit = 7; bit >= 0; bit--)
            {
                Unsafe.Add(ref words, bit * 8 + (nint)group) = value.ExtractMostSignificantBits();
                value += value;
            }
        }
    }

    public static Mask256 SignBits(ref byte bytes)
    {
        Span<uint> words = stackalloc uint[8];
        for (var group = 0; group < 8; group++)
        {
            words[group] = Vector256.LoadUnsafe(ref bytes, (nuint)group * 32).ExtractMostSignificantBits();
        }

        return Load(ref Unsafe.As<uint, byte>(ref MemoryMarshal.GetReference(words)), 0);
    }

    /// <summary>Up to 64 leaves are looked up by byte shuffles, whatever the gather of the processor costs; more leaves are gathered.</summary>
    public static void AddLeaves(ref byte indexes, ref byte tables, ref float leaves, int leafCount, ref float sums)
    {
        if (!Avx2.IsSupported)
        {
            Portable(ref indexes, ref leaves, ref sums, isDouble: false);
        }
        else if (leafCount > 64)
        {
            LeafGather.Add(ref indexes, ref leaves, ref sums);
        }
        else if (leafCount > 32)
        {
            LeafShuffle.Add<Of64>(ref indexes, ref tables, ref sums);
        }
        else
        {
            LeafShuffle.Add<Of32>(ref indexes, ref tables, ref sums);
        }
    }

    public static void AddLeaves(ref byte indexes, ref byte tables, ref double leaves, int leafCount, ref double sums)
    {
        if (!Avx2.IsSupported)
        {
            Portable(ref indexes, ref leaves, ref sums, isDouble: true);
        }
        else if (leafCount > 64)
        {
            LeafGather.Add(ref indexes, ref leaves, ref sums);
        }
        else if (leafCount > 32)
        {
            LeafShuffle.Add<Of64>(ref indexes, ref tables, ref sums);
        }
        else
        {
            LeafShuffle.Add<Of32>(ref indexes, ref tables, ref sums);
        }
    }

    static void Portable<T>(ref byte indexes, ref T leaves, ref T sums, bool isDouble) where T : unmanaged, System.Numerics.INumber<T>
    {
        for (var p = 0; p < 256; p++)
        {
            var row = RowAt(p, isDouble);
            Unsafe.Add(ref sums, p) += Unsafe.Add(ref leaves, Unsafe.Add(ref indexes, (row & 7) * 32 + (row >> 3)));
        }
    }

    /// <summary>Byte unpacking works within 128-bit lanes, so eight neighbouring sums are four rows of each lane; float64 sums split them once more.</summary>
    public static int RowAt(int position, bool isDouble)
    {
        var (register, group, element) = (position >> 5, position >> 3 & 3, position & 7);
        if (isDouble)
        {
            element = element & 1 | element >> 1 & 2 | element << 1 & 4;
        }

        var place = (element >> 2) * 16 + group * 4 + (element & 3);
        return place * 8 + register;
    }
}
