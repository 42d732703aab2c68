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

    /// <summary>The maps once more for eight slots at a time; absent slots have scale 0.</summary>
    readonly float[] _scales;
    readonly float[] _offsets;
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

        var padded = (keys.Length + 7) & ~7;
        (_scales, _offsets) = (new float[padded], new float[padded]);
        for (var s = 0; s < keys.Length; s++)
        {
            (_scales[s], _offsets[s]) = (_maps[s].Scale, _maps[s].Offset);
        }

        HasAll = keys.Length > 0 && _scales.AsSpan(0, keys.Length).IndexOf(0f) < 0;
    }

    /// <summary>Every slot has buckets.</summary>
    public bool HasAll { get; }

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

    /// <summary>Ranks of one row, eight buckets at once, and 0xFF for the slots whose value is NaN; needs <see cref="HasAll"/>.</summary>
    /// <param name="row">The row's values.</param>
    /// <param name="features">The feature of each slot, filled up to a multiple of eight.</param>
    /// <param name="slots">Slots.</param>
    /// <param name="ranks">Receives a byte per slot.</param>
    /// <param name="missing">Marks; the others stay as they are.</param>
    /// <returns>True when a value is NaN.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe bool RankRow(ref float row, ref int features, int slots, ref byte ranks, ref byte missing)
    {
        var starts = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_starts));
        var keys = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_keys));
        var buckets = stackalloc int[8];
        var values = stackalloc float[8];
        var any = false;
        fixed (float* first = &row)
        {
            for (var s = 0; s < slots; s += 8)
            {
                var eight = Avx2.GatherVector256(first, Vector256.LoadUnsafe(ref features, (nuint)s), sizeof(float));
                var (scale, offset) = (Vector256.LoadUnsafe(ref _scales[s]), Vector256.LoadUnsafe(ref _offsets[s]));
                Places(eight, scale, offset).Store(buckets);
                eight.Store(values);
                var nan = Avx.MoveMask(Avx.CompareUnordered(eight, eight));
                var end = Math.Min(8, slots - s);
                for (var i = 0; i < end; i++, starts += Buckets, keys += Stride)
                {
                    Unsafe.Add(ref ranks, s + i) = Rank(starts, keys, (uint)buckets[i], values + i);
                }

                for (; (nan & ((1 << end) - 1)) != 0; nan &= nan - 1)
                {
                    Unsafe.Add(ref missing, s + BitOperations.TrailingZeroCount(nan)) = 0xFF;
                    any = true;
                }
            }
        }

        return any;
    }

    /// <summary><see cref="Bucket"/> of eight values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Places(Vector256<float> values, Vector256<float> scale, Vector256<float> offset) => Avx.ConvertToVector256Int32WithTruncation(
        Avx.Min(Avx.Max(Fma.MultiplyAdd(values, scale, offset), Vector256<float>.Zero), Vector256.Create((float)(Buckets - 1))));

    /// <summary>Ranks of <paramref name="count"/> values that lie <paramref name="width"/> apart, eight buckets at once.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Ranks(int slot, ref float values, int count, int width, ref byte ranks)
    {
        var map = _maps[slot];
        var (scale, offset) = (Vector256.Create(map.Scale), Vector256.Create(map.Offset));
        var starts = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_starts)) + slot * (nint)Buckets;
        var keys = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_keys)) + slot * (nint)Stride;
        var room = stackalloc byte[3 * 32];
        var buckets = (uint*)(((nint)room + 31) & ~31);
        var eight = (float*)(buckets + 8);
        fixed (float* first = &values)
        fixed (byte* all = &ranks)
        {
            var value = (nint)first;
            byte* rank = all, end = all + count;
            nint apart = width * sizeof(float);
            for (; rank + 8 <= end; rank += 8, value += 8 * apart)
            {
                var row = Eight((byte*)value, apart);
                row.Store(eight);
                Places(row, scale, offset).AsUInt32().Store(buckets);
                rank[0] = Rank(starts, keys, buckets[0], eight);
                rank[1] = Rank(starts, keys, buckets[1], eight + 1);
                rank[2] = Rank(starts, keys, buckets[2], eight + 2);
                rank[3] = Rank(starts, keys, buckets[3], eight + 3);
                rank[4] = Rank(starts, keys, buckets[4], eight + 4);
                rank[5] = Rank(starts, keys, buckets[5], eight + 5);
                rank[6] = Rank(starts, keys, buckets[6], eight + 6);
                rank[7] = Rank(starts, keys, buckets[7], eight + 7);
            }

            for (; rank < end; rank++, value += apart)
            {
                *rank = Rank(starts, keys, (uint)Bucket(map, *(float*)value), (float*)value);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<float> Eight(byte* at, nint apart)
    {
        var four = at + 4 * apart;
        return Vector256.Create(
            *(float*)at, *(float*)(at + apart), *(float*)(at + 2 * apart), *(float*)(at + 3 * apart),
            *(float*)four, *(float*)(four + apart), *(float*)(four + 2 * apart), *(float*)(four + 3 * apart));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe byte Rank(byte* starts, float* keys, nuint bucket, float* value)
    {
        nuint start = starts[bucket];
        var passed = Avx.CompareGreaterThanOrEqual(Avx.BroadcastScalarToVector256(value), Vector256.Load(keys + start));
        return (byte)(start + (nuint)BitOperations.PopCount((uint)Avx.MoveMask(passed)));
    }
}
