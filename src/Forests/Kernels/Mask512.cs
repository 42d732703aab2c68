using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fettle.Forests.Kernels;

/// <summary>
/// 512 rows in an AVX-512 register. Written with the portable <see cref="Vector512"/> only, so that a processor without AVX-512 runs the same code
/// in software and its answers can be tested there.
/// </summary>
internal readonly struct Mask512 : IMask<Mask512>
{
    readonly Vector512<byte> _bits;

    Mask512(Vector512<byte> bits) => _bits = bits;

    public static int Rows => 512;

    public static Mask512 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Load(ref byte source, nint offset) => new(Vector512.LoadUnsafe(ref source, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mask512 value, ref byte target, nint offset) => value._bits.StoreUnsafe(ref target, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Bytes(byte value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Mux(Mask512 select, Mask512 zero, Mask512 one) => new(Vector512.ConditionalSelect(select._bits, one._bits, zero._bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Test(ref byte tables, nint low, nint high) => Or(And(Load(ref tables, low), Load(ref tables, high)), Load(ref tables, high + 64));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Or(Mask512 left, Mask512 right) => new(left._bits | right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 And(Mask512 left, Mask512 right) => new(left._bits & right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 Xor(Mask512 left, Mask512 right) => new(left._bits ^ right._bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 AndNot(Mask512 left, Mask512 right) => new(Vector512.AndNot(left._bits, right._bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 ShiftLeft(Mask512 value, int count) => new(Vector512.ShiftLeft(value._bits.AsUInt16(), count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Mask512 ShiftRight(Mask512 value, int count) => new(Vector512.ShiftRightLogical(value._bits.AsUInt16(), count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToPlanes(ref byte bytes, ref byte planes)
    {
        ref var words = ref Unsafe.As<byte, ulong>(ref planes);
        for (nuint group = 0; group < 8; group++)
        {
            var value = Vector512.LoadUnsafe(ref bytes, group * 64);
            for (var bit = 7; bit >= 0; bit--)
            {
                Unsafe.Add(ref words, bit * 8 + (nint)group) = value.ExtractMostSignificantBits();
                value += value;
            }
        }
    }

    public static Mask512 SignBits(ref byte bytes)
    {
        Span<ulong> words = stackalloc ulong[8];
        for (var group = 0; group < 8; group++)
        {
            words[group] = Vector512.LoadUnsafe(ref bytes, (nuint)group * 64).ExtractMostSignificantBits();
        }

        return Load(ref Unsafe.As<ulong, byte>(ref MemoryMarshal.GetReference(words)), 0);
    }

    /// <summary>Up to 64 leaves stay in four registers; a permute looks up 16 of them and bits 4 and 5 choose between the four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddLeaves(ref byte indexes, ref byte tables, ref float leaves, int leafCount, ref float sums)
    {
        if (leafCount > 64 || !Vector512.IsHardwareAccelerated)
        {
            for (var r = 0; r < 512; r++)
            {
                Unsafe.Add(ref sums, r) += Unsafe.Add(ref leaves, Unsafe.Add(ref indexes, r));
            }

            return;
        }

        Vector512<float> a = Vector512.LoadUnsafe(ref leaves), b = Vector512.LoadUnsafe(ref leaves, 16);
        Vector512<float> c = Vector512.LoadUnsafe(ref leaves, 32), d = Vector512.LoadUnsafe(ref leaves, 48);
        for (nuint r = 0; r < 512; r += 16)
        {
            var wide = Vector512.WidenLower(Vector512.WidenLower(Vector128.LoadUnsafe(ref indexes, r).ToVector256Unsafe().ToVector512Unsafe())).AsInt32();
            (Vector512.LoadUnsafe(ref sums, r) + Look(a, b, c, d, wide)).StoreUnsafe(ref sums, r);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Look(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, Vector512<int> index)
    {
        var lane = index & Vector512.Create(15);
        var odd = Vector512.Equals(index & Vector512.Create(16), Vector512.Create(16)).AsSingle();
        var low = Vector512.ConditionalSelect(odd, Vector512.ShuffleNative(b, lane), Vector512.ShuffleNative(a, lane));
        var high = Vector512.ConditionalSelect(odd, Vector512.ShuffleNative(d, lane), Vector512.ShuffleNative(c, lane));
        return Vector512.ConditionalSelect(Vector512.GreaterThan(index, Vector512.Create(31)).AsSingle(), high, low);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddLeaves(ref byte indexes, ref byte tables, ref double leaves, int leafCount, ref double sums)
    {
        for (var r = 0; r < 512; r++)
        {
            Unsafe.Add(ref sums, r) += Unsafe.Add(ref leaves, Unsafe.Add(ref indexes, r));
        }
    }

    public static int RowAt(int position, bool isDouble) => (position & 63) * 8 + (position >> 6);
}
