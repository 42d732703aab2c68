using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>
/// How many of up to 255 rising float32 keys are ≤ a value, by one table look-up and one comparison with eight keys.
/// 1. The span of the keys is cut into buckets of one width; bucket(x) = min(max(x · scale + offset, 0), last), rounded down, never falls as x rises.
/// 2. So keys in lower buckets are ≤ x, keys in higher ones are above x, and only the keys of x's own bucket are to be compared: the eight from the first
///    of them on, because what follows them lies in higher buckets and counts nothing. Rounding is harmless: keys and values go through the same operations.
/// 3. A slot whose fullest bucket has more than eight keys has no buckets and is searched (<see cref="KeySearch"/>).
/// NaN falls into bucket 0 and counts nothing.
/// </summary>
internal sealed class KeyBuckets
{
    const int Buckets = 1024;
    const int Compared = 8;

    /// <summary>255 keys, and NaN for whatever is read behind them.</summary>
    const int Stride = 255 + Compared + 1;

    readonly record struct Map(float Scale, float Offset);

    readonly Map[] _maps;
    readonly byte[] _starts;
    readonly float[] _keys;

    public KeyBuckets(float[][] keys)
    {
        _maps = new Map[Math.Max(1, keys.Length)];
        _starts = GC.AllocateArray<byte>(Math.Max(1, keys.Length * Buckets), pinned: true);
        _keys = GC.AllocateUninitializedArray<float>(Math.Max(1, keys.Length) * Stride, pinned: true);
        _keys.AsSpan().Fill(float.NaN);
        for (var s = 0; Avx2.IsSupported && Fma.IsSupported && s < keys.Length; s++)
        {
            keys[s].CopyTo(_keys.AsSpan(s * Stride));
            _maps[s] = Lay(keys[s], _starts.AsSpan(s * Buckets, Buckets));
        }
    }

    /// <summary>False when the slot's keys lie too unevenly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(int slot) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_maps), slot).Scale > 0;

    /// <summary>No map when the keys do not fit one.</summary>
    static Map Lay(float[] keys, Span<byte> starts)
    {
        var (first, last) = (keys[0], keys[^1]);
        var scale = (float)((Buckets - 1) / Math.Max((double)last - first, 1e-30));
        var map = new Map(scale, -first * scale);
        if (!float.IsNormal(scale) || !float.IsFinite(map.Offset))
        {
            return default;
        }

        Span<int> counts = stackalloc int[Buckets];
        counts.Clear();
        foreach (var key in keys)
        {
            counts[Bucket(map, key)]++;
        }

        var before = 0;
        for (var b = 0; b < Buckets; b++)
        {
            if (counts[b] > Compared)
            {
                return default;
            }

            starts[b] = (byte)before;
            before += counts[b];
        }

        return map;
    }

    /// <summary>The maximum's second operand is what a NaN becomes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Bucket(Map map, float value)
    {
        var place = Fma.MultiplyAddScalar(Vector128.CreateScalarUnsafe(value), Vector128.CreateScalarUnsafe(map.Scale), Vector128.CreateScalarUnsafe(map.Offset));
        place = Sse.MinScalar(Sse.MaxScalar(place, Vector128<float>.Zero), Vector128.CreateScalarUnsafe((float)(Buckets - 1)));
        return Sse.ConvertToInt32WithTruncation(place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Rank(int slot, float value)
    {
        var bucket = Bucket(Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_maps), slot), value);
        int start = Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_starts), slot * Buckets + bucket);
        var keys = Vector256.LoadUnsafe(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_keys), slot * Stride + start));
        return (byte)(start + BitOperations.PopCount(Vector256.LessThanOrEqual(keys, Vector256.Create(value)).ExtractMostSignificantBits()));
    }

    /// <summary>Ranks of <paramref name="count"/> values that lie <paramref name="width"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Ranks(int slot, ref float values, int count, int width, ref byte ranks)
    {
        var map = _maps[slot];
        ref var starts = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_starts), slot * Buckets);
        ref var keys = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_keys), slot * Stride);
        for (nint r = 0; r < count; r++)
        {
            var value = values;
            nuint start = Unsafe.Add(ref starts, Bucket(map, value));
            var passed = Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref keys, start), Vector256.Create(value)).ExtractMostSignificantBits();
            Unsafe.Add(ref ranks, r) = (byte)(start + (uint)BitOperations.PopCount(passed));
            values = ref Unsafe.Add(ref values, width);
        }
    }
}
