using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>
/// How many of up to 255 rising keys are ≤ a value, without a branch: one comparison with 16 pivots finds the group of 16 keys,
/// one comparison with that group the place in it. Absent keys are NaN, which count nothing. float32 values take <see cref="KeyBuckets"/> where it can.
/// </summary>
internal sealed class KeySearch
{
    const int Group = 16;
    const int Stride = Group + Group * Group;

    readonly float[] _singles;
    readonly double[] _doubles;
    readonly KeyBuckets _buckets;

    public KeySearch(double[][] keys)
    {
        _buckets = new KeyBuckets([.. keys.Select(k => k.Select(NotBelow).ToArray())]);
        _singles = GC.AllocateUninitializedArray<float>(Math.Max(1, keys.Length * Stride), pinned: true);
        _doubles = GC.AllocateUninitializedArray<double>(Math.Max(1, keys.Length * Stride), pinned: true);
        _singles.AsSpan().Fill(float.NaN);
        _doubles.AsSpan().Fill(double.NaN);
        for (var s = 0; s < keys.Length; s++)
        {
            Lay(keys[s], s * Stride);
        }
    }

    void Lay(double[] keys, int at)
    {
        for (var k = 0; k < keys.Length; k++)
        {
            _doubles[at + Group + k] = keys[k];
            _singles[at + Group + k] = NotBelow(keys[k]);
        }

        for (var p = 0; p < Group; p++)
        {
            _doubles[at + p] = _doubles[at + Group + p * Group + Group - 1];
            _singles[at + p] = _singles[at + Group + p * Group + Group - 1];
        }
    }

    /// <summary>The smallest float32 that is not below a key: for float32 x, x &lt; key and x &lt; that are the same question.</summary>
    internal static float NotBelow(double key)
    {
        var single = (float)key;
        return single < key ? MathF.BitIncrement(single) : single;
    }

    /// <summary>Whether <see cref="RankRow"/> may be asked.</summary>
    public bool RanksRows => _buckets.HasAll;

    /// <inheritdoc cref="KeyBuckets.RankRow"/>
    public bool RankRow(ref float row, ref int features, int slots, ref byte ranks, ref byte missing) => _buckets.RankRow(ref row, ref features, slots, ref ranks, ref missing);

    /// <summary>The rank of one value; 0 for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Rank<T>(int slot, T value) where T : unmanaged
    {
        if (typeof(T) == typeof(float) && _buckets.Has(slot))
        {
            return _buckets.Rank(slot, (float)(object)value);
        }

        ref var keys = ref Keys<T>(slot);
        var group = CountNotAbove(ref keys, value);
        return (byte)(group * Group + CountNotAbove(ref Unsafe.Add(ref keys, Group + group * Group), value));
    }

    /// <summary>Ranks of <paramref name="count"/> values that lie <paramref name="width"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Ranks<T>(int slot, ref T values, int count, int width, ref byte ranks) where T : unmanaged
    {
        if (typeof(T) == typeof(float) && _buckets.Has(slot))
        {
            _buckets.Ranks(slot, ref Unsafe.As<T, float>(ref values), count, width, ref ranks);
            return;
        }

        ref var keys = ref Keys<T>(slot);
        ref var groups = ref Unsafe.Add(ref keys, Group);
        for (var r = 0; r < count; r++)
        {
            var value = values;
            var group = CountNotAbove(ref keys, value);
            Unsafe.Add(ref ranks, r) = (byte)(group * Group + CountNotAbove(ref Unsafe.Add(ref groups, group * Group), value));
            values = ref Unsafe.Add(ref values, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ref T Keys<T>(int slot) where T : unmanaged
    {
        ref var start = ref typeof(T) == typeof(float)
            ? ref Unsafe.As<float, T>(ref MemoryMarshal.GetArrayDataReference(_singles))
            : ref Unsafe.As<double, T>(ref MemoryMarshal.GetArrayDataReference(_doubles));
        return ref Unsafe.Add(ref start, slot * Stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int CountNotAbove<T>(ref T keys, T value) where T : unmanaged => typeof(T) == typeof(float)
        ? CountNotAbove(ref Unsafe.As<T, float>(ref keys), (float)(object)value)
        : CountNotAbove(ref Unsafe.As<T, double>(ref keys), (double)(object)value);

    /// <summary>AVX2 narrows the answers to two bits a key, so that one move to the scalar side is enough.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int CountNotAbove(ref float keys, float value)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return BitOperations.PopCount(Vector512.LessThanOrEqual(Vector512.LoadUnsafe(ref keys), Vector512.Create(value)).ExtractMostSignificantBits());
        }

        var wide = Vector256.Create(value);
        var low = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys), wide);
        var high = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, 8), wide);
        return Avx2.IsSupported
            ? BitOperations.PopCount((uint)Avx2.MoveMask(Avx2.PackSignedSaturate(low.AsInt32(), high.AsInt32()).AsByte())) >> 1
            : BitOperations.PopCount(low.ExtractMostSignificantBits()) + BitOperations.PopCount(high.ExtractMostSignificantBits());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int CountNotAbove(ref double keys, double value)
    {
        var wide = Vector256.Create(value);
        var a = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys), wide);
        var b = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, 4), wide);
        var c = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, 8), wide);
        var d = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, 12), wide);
        if (Avx2.IsSupported)
        {
            var low = Avx2.PackSignedSaturate(a.AsInt32(), b.AsInt32());
            var high = Avx2.PackSignedSaturate(c.AsInt32(), d.AsInt32());
            return BitOperations.PopCount((uint)Avx2.MoveMask(Avx2.PackSignedSaturate(low, high).AsByte())) >> 1;
        }

        return BitOperations.PopCount(a.ExtractMostSignificantBits()) + BitOperations.PopCount(b.ExtractMostSignificantBits())
            + BitOperations.PopCount(c.ExtractMostSignificantBits()) + BitOperations.PopCount(d.ExtractMostSignificantBits());
    }

    internal static bool HasNaN<T>(ReadOnlySpan<T> values) where T : unmanaged, INumber<T>
    {
        var found = Vector256<T>.Zero;
        var at = 0;
        for (; at <= values.Length - Vector256<T>.Count; at += Vector256<T>.Count)
        {
            var some = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);
            found |= ~Vector256.Equals(some, some);
        }

        var any = found.AsByte() != Vector256<byte>.Zero;
        for (; at < values.Length; at++)
        {
            any |= T.IsNaN(values[at]);
        }

        return any;
    }
}
