using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

internal sealed partial class LaneForest
{
    /// <summary>Trees whose places are kept at a time; a multiple of <see cref="Lanes"/>.</summary>
    const int Pass = 512;

    /// <summary>Margins of one row; <typeparamref name="TSum"/> is the model's own type.</summary>
    [SkipLocalsInit]
    public unsafe void Run<TRow, TSum>(ReadOnlySpan<TRow> row, Span<TSum> sums) where TRow : unmanaged where TSum : unmanaged, INumber<TSum>
    {
        for (var m = 0; m < sums.Length; m++)
        {
            sums[m] = TSum.CreateTruncating(_model.BaseMargins[m]);
        }

        // Ranks, the same biased for signed comparisons, and 0xFF where a value is missing.
        var bytes = stackalloc byte[3 * MaxSlots];
        Vector256<byte>.Zero.Store(bytes + 2 * MaxSlots);
        Vector256<byte>.Zero.Store(bytes + 2 * MaxSlots + Lanes);
        var any = _ranks.EncodeRow(ref MemoryMarshal.GetReference(row), ref *bytes, ref bytes[2 * MaxSlots]);
        var bias = Vector256.Create((byte)0x80);
        (Vector256.Load(bytes) ^ bias).Store(bytes + MaxSlots);
        (Vector256.Load(bytes + Lanes) ^ bias).Store(bytes + MaxSlots + Lanes);
        if (_ranks.Slots <= 16)
        {
            Trees<RankBytes16, TSum>(bytes, any, sums);
        }
        else if (_ranks.Slots <= 32)
        {
            Trees<RankBytes32, TSum>(bytes, any, sums);
        }
        else
        {
            Trees<RankBytes64, TSum>(bytes, any, sums);
        }

        for (var m = 0; m < sums.Length && _model.AverageOver != 1; m++)
        {
            sums[m] /= TSum.CreateTruncating(_model.AverageOver);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    unsafe void Trees<TRanks, TSum>(byte* bytes, bool any, Span<TSum> sums)
        where TRanks : struct, IRankBytes<TRanks>
        where TSum : unmanaged, INumber<TSum>
    {
        var ranks = TRanks.Load(bytes + MaxSlots);
        var missing = any ? TRanks.Load(bytes + 2 * MaxSlots) : default;
        var nodes = (byte*)Unsafe.AsPointer(ref _upper.Start);
        var record = (byte*)Unsafe.AsPointer(ref _records.Start);
        var places = stackalloc byte[Pass];
        var sum = sums[0];
        var margins = _model.TreeMargins;
        var (levels, treeBytes, groupBytes) = (_upperLevels, _treeBytes, _groupBytes);
        // The places of many trees first, then their leaves: two loops without a branch between them that depends on either.
        for (var t = 0; t < margins.Length; t += Pass)
        {
            var count = Math.Min(Pass, margins.Length - t);
            for (var at = 0; at < count; at += Lanes, nodes += groupBytes)
            {
                (any ? PlacesWithMissing(nodes, levels, in ranks, in missing) : Places(nodes, levels, ranks)).Store(places + at);
            }

            if (any || sums.Length > 1)
            {
                AddAny(bytes, record, places, count, margins.AsSpan(t), sums);
            }
            else
            {
                sum = Add(bytes, record, treeBytes, places, count, sum);
            }

            record += count * treeBytes;
        }

        if (!any && sums.Length == 1)
        {
            sums[0] = sum;
        }
    }

    /// <summary>Alone, so that the sum stays in a register: through memory every addition would wait for the last one's store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static unsafe TSum Add<TSum>(byte* ranks, byte* record, nint treeBytes, byte* place, int count, TSum sum) where TSum : unmanaged, INumber<TSum>
    {
        for (; count >= 4; count -= 4, place += 4)
        {
            sum += Leaf<TSum>(ranks, record, place[0]);
            record += treeBytes;
            sum += Leaf<TSum>(ranks, record, place[1]);
            record += treeBytes;
            sum += Leaf<TSum>(ranks, record, place[2]);
            record += treeBytes;
            sum += Leaf<TSum>(ranks, record, place[3]);
            record += treeBytes;
        }

        for (; count > 0; count--, place++, record += treeBytes)
        {
            sum += Leaf<TSum>(ranks, record, *place);
        }

        return sum;
    }

    /// <summary>The last split of a tree and its leaf, from eight times the place of the record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe TSum Leaf<TSum>(byte* ranks, byte* tree, nuint place) where TSum : unmanaged
    {
        var at = tree + place * (nuint)(sizeof(TSum) == 4 ? 2 : 3);
        nuint right = (uint)(at[1] - ranks[at[0]]) >> 31;
        return ((TSum*)at)[1 + right];
    }

    /// <summary>Several margins or missing values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    unsafe void AddAny<TSum>(byte* bytes, byte* record, byte* places, int count, ReadOnlySpan<int> margins, Span<TSum> sums) where TSum : unmanaged, INumber<TSum>
    {
        for (var i = 0; i < count; i++, record += _treeBytes)
        {
            var at = record + (nuint)places[i] * (nuint)(sizeof(TSum) == 4 ? 2 : 3);
            var right = ((uint)(at[1] - bytes[at[0]]) >> 31) | (uint)(at[2] & bytes[2 * MaxSlots + at[0]]);
            sums[margins[i]] += ((TSum*)at)[1 + right];
        }
    }

    /// <summary>Eight times the place of each tree's record, from the answers of the upper levels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Places<TRanks>(byte* nodes, int levels, TRanks ranks) where TRanks : struct, IRankBytes<TRanks>
    {
        if (levels == 0)
        {
            return Vector256<byte>.Zero;
        }

        var a = Answer(Load(nodes), Load(nodes + Lanes), ranks);
        var places = a & Vector256.Create((byte)0x80);
        if (levels > 1)
        {
            var b = Answer(Two(nodes + NodeBytes, a), Two(nodes + NodeBytes + Lanes, a), ranks);
            places |= b & Vector256.Create((byte)0x40);
            if (levels > 2)
            {
                var c = Answer(Four(nodes + 3 * NodeBytes, a, b), Four(nodes + 3 * NodeBytes + Lanes, a, b), ranks);
                places |= c & Vector256.Create((byte)0x20);
                if (levels > 3)
                {
                    var d = Answer(Eight(nodes + 7 * NodeBytes, a, b, c), Eight(nodes + 7 * NodeBytes + Lanes, a, b, c), ranks);
                    places |= d & Vector256.Create((byte)0x10);
                    if (levels > 4)
                    {
                        var at = nodes + 15 * NodeBytes;
                        var e = Answer(
                            Avx2.BlendVariable(Eight(at, b, c, d), Eight(at + 8 * NodeBytes, b, c, d), a),
                            Avx2.BlendVariable(Eight(at + Lanes, b, c, d), Eight(at + 8 * NodeBytes + Lanes, b, c, d), a),
                            ranks);
                        places |= e & Vector256.Create((byte)0x08);
                    }
                }
            }
        }

        return Vector256.ShiftRightLogical(places.AsUInt16(), 5 - levels).AsByte();
    }

    /// <summary>The same with missing values, which cost a second look-up per split; a loop, because it runs seldom.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static unsafe Vector256<byte> PlacesWithMissing<TRanks>(byte* nodes, int levels, in TRanks ranks, in TRanks missing) where TRanks : struct, IRankBytes<TRanks>
    {
        var level = stackalloc byte[16 * NodeBytes];
        var answers = stackalloc byte[5 * Lanes];
        var places = Vector256<byte>.Zero;
        for (var l = 0; l < levels; l++)
        {
            // Blend the level's nodes pair by pair, with the answers of the lowest level above first.
            var width = 1 << l;
            Unsafe.CopyBlockUnaligned(level, nodes + (width - 1) * NodeBytes, (uint)(width * NodeBytes));
            for (var above = l - 1; above >= 0; above--)
            {
                var answer = Load(answers + above * Lanes);
                width /= 2;
                for (var i = 0; i < 2 * width; i++)
                {
                    // Halves of a node: slots and ranks.
                    var from = level + (i >> 1) * 2 * NodeBytes + (i & 1) * Lanes;
                    Two(from, answer).Store(level + i * Lanes);
                }
            }

            var slots = Load(level);
            var right = Answer(slots, Load(level + Lanes), ranks);
            var defaults = missing.Pick(slots) & Vector256.ShiftLeft(slots.AsUInt16(), 1).AsByte();
            right |= Vector256.LessThan(defaults.AsSByte(), Vector256<sbyte>.Zero).AsByte();
            right.Store(answers + l * Lanes);
            places |= right & Vector256.Create((byte)(0x80 >> l));
        }

        return Vector256.ShiftRightLogical(places.AsUInt16(), 5 - levels).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> Answer<TRanks>(Vector256<byte> slots, Vector256<byte> splits, TRanks ranks) where TRanks : struct, IRankBytes<TRanks> =>
        Vector256.GreaterThan(ranks.Pick(slots).AsSByte(), splits.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Load(byte* at) => *(Vector256<byte>*)at;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Two(byte* at, Vector256<byte> a) => Avx2.BlendVariable(*(Vector256<byte>*)at, *(Vector256<byte>*)(at + NodeBytes), a);

    /// <summary>Spelt out, like <see cref="Eight"/>: the compiler stops inlining where methods nest as deep as the levels do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Four(byte* at, Vector256<byte> a, Vector256<byte> b) => Avx2.BlendVariable(
        Avx2.BlendVariable(*(Vector256<byte>*)at, *(Vector256<byte>*)(at + NodeBytes), b),
        Avx2.BlendVariable(*(Vector256<byte>*)(at + 2 * NodeBytes), *(Vector256<byte>*)(at + 3 * NodeBytes), b),
        a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe Vector256<byte> Eight(byte* at, Vector256<byte> a, Vector256<byte> b, Vector256<byte> c)
    {
        var low = Avx2.BlendVariable(
            Avx2.BlendVariable(*(Vector256<byte>*)at, *(Vector256<byte>*)(at + NodeBytes), c),
            Avx2.BlendVariable(*(Vector256<byte>*)(at + 2 * NodeBytes), *(Vector256<byte>*)(at + 3 * NodeBytes), c),
            b);
        var high = Avx2.BlendVariable(
            Avx2.BlendVariable(*(Vector256<byte>*)(at + 4 * NodeBytes), *(Vector256<byte>*)(at + 5 * NodeBytes), c),
            Avx2.BlendVariable(*(Vector256<byte>*)(at + 6 * NodeBytes), *(Vector256<byte>*)(at + 7 * NodeBytes), c),
            b);
        return Avx2.BlendVariable(low, high, a);
    }
}
