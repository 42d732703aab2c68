using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

internal sealed partial class RowForest
{
    /// <summary>By the seven upper answers: the shift to the seven lower ones in the low six bits, the first leaf below above them.</summary>
    static readonly ushort[] Upper = CreateUpper();

    /// <summary>By seven answers: which of eight ends the walk comes to.</summary>
    static readonly byte[] Ends = CreateEnds();

    static byte[] CreateEnds()
    {
        var ends = GC.AllocateArray<byte>(128, pinned: true);
        for (var answers = 0; answers < 128; answers++)
        {
            var node = 1;
            while (node < 8)
            {
                node = 2 * node + (answers >> (node - 1) & 1);
            }

            ends[answers] = (byte)(node - 8);
        }

        return ends;
    }

    static ushort[] CreateUpper()
    {
        var upper = GC.AllocateArray<ushort>(128, pinned: true);
        var ends = CreateEnds();
        for (var answers = 0; answers < 128; answers++)
        {
            upper[answers] = (ushort)(8 + 7 * ends[answers] | 8 * ends[answers] << 6);
        }

        return upper;
    }

    /// <summary>Margins of one row of a float32 model.</summary>
    public void Single<TRow>(ReadOnlySpan<TRow> row, Span<float> sums) where TRow : unmanaged
    {
        for (var m = 0; m < sums.Length; m++)
        {
            sums[m] = _baseSingles[m];
        }

        Add(row, sums, _singles);
        for (var m = 0; m < sums.Length && _model.AverageOver != 1; m++)
        {
            sums[m] /= (float)_model.AverageOver;
        }
    }

    /// <summary>Margins of one row of a float64 model.</summary>
    public void Double<TRow>(ReadOnlySpan<TRow> row, Span<double> sums) where TRow : unmanaged
    {
        for (var m = 0; m < sums.Length; m++)
        {
            sums[m] = _baseDoubles[m];
        }

        Add(row, sums, _doubles);
        for (var m = 0; m < sums.Length && _model.AverageOver != 1; m++)
        {
            sums[m] /= _model.AverageOver;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Add<TRow, TSum>(ReadOnlySpan<TRow> row, Span<TSum> sums, TSum[] leaves)
        where TRow : unmanaged
        where TSum : unmanaged, INumber<TSum>
    {
        Span<byte> ranks = stackalloc byte[64];
        Span<byte> missing = stackalloc byte[64];
        missing.Clear();
        var any = _ranks.EncodeRow(ref MemoryMarshal.GetReference(row), ref MemoryMarshal.GetReference(ranks), ref MemoryMarshal.GetReference(missing));
        var biased = Vector512.Create<byte>(ranks) ^ Vector512.Create((byte)0x80);
        if (_level == SimdLevel.Avx512)
        {
            Walk<Register512, TSum>(new Register512(biased), new Register512(Vector512.Create<byte>(missing)), any, sums, leaves);
        }
        else if (_ranks.Slots <= 32)
        {
            Walk<Half256, TSum>(new Half256(biased), new Half256(Vector512.Create<byte>(missing)), any, sums, leaves);
        }
        else
        {
            Walk<Quarters256, TSum>(new Quarters256(biased), new Quarters256(Vector512.Create<byte>(missing)), any, sums, leaves);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    unsafe void Walk<TRanks, TSum>(TRanks ranks, TRanks missing, bool any, Span<TSum> sums, TSum[] leafArray)
        where TRanks : struct, IRankRegister
        where TSum : unmanaged, INumber<TSum>
    {
        if (_heap && !any && sums.Length == 1)
        {
            sums[0] = WalkHeaps(ranks, sums[0], leafArray);
            return;
        }

        ref var split = ref _splits.Start;
        var leaves = (TSum*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(leafArray));
        var upper = (ushort*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Upper));
        var ends = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Ends));
        var single = sums.Length == 1;
        var sum = sums[0];
        var groups = _model.TreeMargins;
        for (var t = 0; t < groups.Length; t++)
        {
            var mask = ranks.Above(ref split);
            if (any)
            {
                mask |= missing.Set(ref split) & _defaultRight[t];
            }

            TSum leaf;
            if (_heap)
            {
                int place = upper[mask & 127];
                leaf = leaves[(place >> 6) + ends[mask >> place & 127]];
            }
            else
            {
                leaf = leaves[Step(mask, t)];
            }

            if (single)
            {
                sum += leaf;
            }
            else
            {
                sums[groups[t]] += leaf;
            }

            split = ref Unsafe.Add(ref split, SplitStride);
            leaves += _leafStride;
        }

        if (single)
        {
            sums[0] = sum;
        }
    }

    /// <summary>The usual case alone, so that everything the loop needs stays in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    unsafe TSum WalkHeaps<TRanks, TSum>(TRanks ranks, TSum sum, TSum[] leafArray)
        where TRanks : struct, IRankRegister
        where TSum : unmanaged, INumber<TSum>
    {
        ref var split = ref _splits.Start;
        var leaves = (TSum*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(leafArray));
        var upper = (ushort*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Upper));
        var ends = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Ends));
        for (var end = leaves + leafArray.Length; leaves != end; leaves += HeapLeaves)
        {
            var mask = ranks.Above(ref split);
            nuint place = upper[(nuint)mask & 127];
            sum += leaves[(place >> 6) + ends[(nuint)(mask >> (int)place) & 127]];
            split = ref Unsafe.Add(ref split, SplitStride);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Step(ulong mask, int tree)
    {
        ref var children = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_children), tree * 128);
        var code = 0;
        do
        {
            code = Unsafe.Add(ref children, 2 * code + (int)(mask >> code & 1));
        }
        while (code < 64);
        return code - 64;
    }

    /// <summary>64 bytes that are looked up by slot, 64 at a time.</summary>
    interface IRankRegister
    {
        /// <summary>Looks the slots up and compares with the ranks that follow them: 1 where above.</summary>
        ulong Above(ref byte split);

        /// <summary>Looks the slots up: 1 where the byte's highest bit is set.</summary>
        ulong Set(ref byte split);
    }

    readonly struct Register512(Vector512<byte> bytes) : IRankRegister
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Above(ref byte split) => Vector512.GreaterThan(
            Vector512.ShuffleNative(bytes, Vector512.LoadUnsafe(ref split)).AsSByte(), Vector512.LoadUnsafe(ref split, 64).AsSByte()).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Set(ref byte split) => Vector512.ShuffleNative(bytes, Vector512.LoadUnsafe(ref split)).ExtractMostSignificantBits();
    }

    /// <summary>Up to 32 slots: two 128-bit tables, each in both halves of a register, so that an in-lane shuffle looks up 16 of them; bit 4, moved to the sign, chooses.</summary>
    readonly struct Half256(Vector512<byte> bytes) : IRankRegister
    {
        readonly Vector256<byte> _a = Vector256.Create(bytes.GetLower().GetLower(), bytes.GetLower().GetLower());
        readonly Vector256<byte> _b = Vector256.Create(bytes.GetLower().GetUpper(), bytes.GetLower().GetUpper());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Above(ref byte split)
        {
            ulong high = Vector256.GreaterThan(Pick(ref split, 32).AsSByte(), Vector256.LoadUnsafe(ref split, 96).AsSByte()).ExtractMostSignificantBits();
            return high << 32 | Vector256.GreaterThan(Pick(ref split, 0).AsSByte(), Vector256.LoadUnsafe(ref split, 64).AsSByte()).ExtractMostSignificantBits();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Set(ref byte split) => (ulong)Pick(ref split, 32).ExtractMostSignificantBits() << 32 | Pick(ref split, 0).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector256<byte> Pick(ref byte split, nuint offset)
        {
            var which = Vector256.LoadUnsafe(ref split, offset);
            return Avx2.BlendVariable(Avx2.Shuffle(_a, which), Avx2.Shuffle(_b, which), Vector256.ShiftLeft(which.AsUInt16(), 3).AsByte());
        }
    }

    /// <summary>Up to 64 slots: four tables; bit 5 chooses between the pairs.</summary>
    readonly struct Quarters256(Vector512<byte> bytes) : IRankRegister
    {
        readonly Vector256<byte> _a = Vector256.Create(bytes.GetLower().GetLower(), bytes.GetLower().GetLower());
        readonly Vector256<byte> _b = Vector256.Create(bytes.GetLower().GetUpper(), bytes.GetLower().GetUpper());
        readonly Vector256<byte> _c = Vector256.Create(bytes.GetUpper().GetLower(), bytes.GetUpper().GetLower());
        readonly Vector256<byte> _d = Vector256.Create(bytes.GetUpper().GetUpper(), bytes.GetUpper().GetUpper());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Above(ref byte split)
        {
            ulong high = Vector256.GreaterThan(Pick(ref split, 32).AsSByte(), Vector256.LoadUnsafe(ref split, 96).AsSByte()).ExtractMostSignificantBits();
            return high << 32 | Vector256.GreaterThan(Pick(ref split, 0).AsSByte(), Vector256.LoadUnsafe(ref split, 64).AsSByte()).ExtractMostSignificantBits();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Set(ref byte split) => (ulong)Pick(ref split, 32).ExtractMostSignificantBits() << 32 | Pick(ref split, 0).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector256<byte> Pick(ref byte split, nuint offset)
        {
            var which = Vector256.LoadUnsafe(ref split, offset);
            var choose = Vector256.ShiftLeft(which.AsUInt16(), 3).AsByte();
            var low = Avx2.BlendVariable(Avx2.Shuffle(_a, which), Avx2.Shuffle(_b, which), choose);
            var high = Avx2.BlendVariable(Avx2.Shuffle(_c, which), Avx2.Shuffle(_d, which), choose);
            return Avx2.BlendVariable(low, high, Vector256.ShiftLeft(which.AsUInt16(), 2).AsByte());
        }
    }
}
