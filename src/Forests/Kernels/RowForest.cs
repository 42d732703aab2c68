using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The kernel for single rows: every split of a tree is decided at once, then the answers are walked without a branch to mispredict.
/// 1. The ranks of a row (at most 64 features) lie in one 512-bit register, or two to four of its 128-bit quarters on AVX2.
/// 2. Per tree, 64 bytes name the feature of each split: a byte permute lines the ranks up; one comparison with 64 ranks gives a 64-bit mask, 1 = right.
/// 3. Trees of depth ≤ 6 lie in heap order: i ← 2i + bit(i), depth times. Others (≤ 64 splits) take the next node from a table of children.
/// Ranks are biased by 128 so that the signed comparison, the only one AVX2 has for bytes, orders them.
/// Leaves are added in tree order in the model's type, so the sums carry the oracle's bits.
/// </summary>
internal sealed class RowForest
{
    public const int MaxSplits = 64;
    public const int MaxSlots = 64;
    const int MaxHeapDepth = 6;

    readonly RankTable _ranks;
    readonly ForestModel _model;
    readonly byte[] _slots;
    readonly sbyte[] _thresholds;
    readonly ulong[] _defaultRight;

    /// <summary>[tree][leaf slot]; heap: 2^depth per tree.</summary>
    readonly float[] _singles;
    readonly double[] _doubles;

    /// <summary>Heap depth, or 0 when children tables are used.</summary>
    readonly int _depth;

    /// <summary>[tree][split][left, right]: a split, or 64 + leaf.</summary>
    readonly byte[] _children;
    readonly int _leafStride;
    readonly SimdLevel _level;
    readonly float[] _baseSingles;
    readonly double[] _baseDoubles;

    RowForest(ForestModel model, RankTable ranks, SimdLevel level)
    {
        (_model, _ranks, _level) = (model, ranks, level);
        _baseDoubles = [.. model.BaseMargins];
        _baseSingles = [.. _baseDoubles.Select(b => (float)b)];
        var count = model.Trees.Length;
        _depth = model.Depth <= MaxHeapDepth ? Math.Max(1, model.Depth) : 0;
        _leafStride = _depth > 0 ? 1 << _depth : MaxSplits + 1;
        _slots = GC.AllocateArray<byte>(count * 64 + 64, pinned: true);
        _thresholds = GC.AllocateArray<sbyte>(count * 64 + 64, pinned: true);
        _thresholds.AsSpan().Fill(sbyte.MaxValue);
        _defaultRight = new ulong[count];
        _singles = model.Arithmetic == ForestArithmetic.Single ? new float[count * _leafStride] : [];
        _doubles = model.Arithmetic == ForestArithmetic.Double ? new double[count * _leafStride] : [];
        _children = _depth > 0 ? [] : new byte[count * MaxSplits * 2];
        for (var t = 0; t < count; t++)
        {
            if (_depth > 0)
            {
                LayHeap(t, 0, 1);
            }
            else
            {
                LayTable(t);
            }
        }
    }

    /// <summary>The kernel, or why the model does not fit it.</summary>
    public static (RowForest? Kernel, string? Problem) Create(ForestModel model, RankTable ranks, SimdLevel level)
    {
        if (level == SimdLevel.Scalar)
        {
            return (null, "no vector instructions");
        }

        if (ranks.Slots > MaxSlots)
        {
            return (null, $"{ranks.Slots} features are used; at most {MaxSlots} fit a register");
        }

        foreach (var tree in model.Trees)
        {
            if (tree.LeafCount > MaxSplits + 1)
            {
                return (null, $"a tree has {tree.LeafCount} leaves; at most {MaxSplits + 1} fit a mask");
            }

            if (tree.Categories.Length > 0 || tree.Nodes.Any(n => n.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight))
            {
                return (null, "a split tests categories");
            }
        }

        return (new RowForest(model, ranks, level), null);
    }

    void SetSplit(int tree, int bit, in TreeNode node)
    {
        var split = RankedSplit.Of(in node, _ranks, _model.Arithmetic);
        _slots[tree * 64 + bit] = (byte)split.Slot;
        _thresholds[tree * 64 + bit] = (sbyte)(split.Rank - 128);
        _defaultRight[tree] |= split.DefaultRight ? 1UL << bit : 0;
    }

    void SetLeaf(int tree, int index, double value)
    {
        if (_singles.Length > 0)
        {
            _singles[tree * _leafStride + index] = (float)value;
        }
        else
        {
            _doubles[tree * _leafStride + index] = value;
        }
    }

    /// <summary>Bit i of the mask is heap node i, the root 1. A leaf above the last level fills the leftmost path below it; its unused splits go left.</summary>
    void LayHeap(int tree, int index, int heap)
    {
        ref readonly var node = ref _model.Trees[tree].Nodes[index];
        if (!node.IsLeaf)
        {
            SetSplit(tree, heap, in node);
            LayHeap(tree, node.Left, heap * 2);
            LayHeap(tree, node.Right, heap * 2 + 1);
            return;
        }

        while (heap < 1 << _depth)
        {
            heap *= 2;
        }

        SetLeaf(tree, heap - (1 << _depth), node.Value);
    }

    void LayTable(int tree)
    {
        var nodes = _model.Trees[tree].Nodes;
        var codes = new byte[nodes.Length];
        int splits = 0, leaves = 0;
        for (var i = 0; i < nodes.Length; i++)
        {
            if (nodes[i].IsLeaf)
            {
                SetLeaf(tree, leaves, nodes[i].Value);
                codes[i] = (byte)(64 + leaves++);
            }
            else
            {
                SetSplit(tree, splits, in nodes[i]);
                codes[i] = (byte)splits++;
            }
        }

        if (splits == 0)
        {
            // A tree of one leaf still makes one step: both children of split 0 are the leaf.
            (_children[tree * 128], _children[tree * 128 + 1]) = (64, 64);
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            if (!nodes[i].IsLeaf)
            {
                _children[tree * 128 + codes[i] * 2] = codes[nodes[i].Left];
                _children[tree * 128 + codes[i] * 2 + 1] = codes[nodes[i].Right];
            }
        }
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
        var any = _ranks.Encode(ref MemoryMarshal.GetReference(row), ref MemoryMarshal.GetReference(ranks), 1, ref MemoryMarshal.GetReference(missing), 1);
        for (var i = 0; i < 64; i++)
        {
            ranks[i] ^= 0x80;
        }

        if (_level == SimdLevel.Avx512)
        {
            Walk512(ranks, missing, any, sums, leaves);
        }
        else
        {
            Walk256(ranks, missing, any, sums, leaves);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Walk512<TSum>(ReadOnlySpan<byte> ranks, ReadOnlySpan<byte> missing, bool any, Span<TSum> sums, TSum[] leaves) where TSum : unmanaged, INumber<TSum>
    {
        var values = Vector512.Create(ranks);
        var gaps = Vector512.Create(missing);
        ref var slots = ref MemoryMarshal.GetArrayDataReference(_slots);
        ref var thresholds = ref MemoryMarshal.GetArrayDataReference(_thresholds);
        var groups = _model.TreeMargins;
        var single = sums.Length == 1;
        var sum = sums[0];
        for (var t = 0; t < _defaultRight.Length; t++)
        {
            var which = Vector512.LoadUnsafe(ref slots, (nuint)t * 64);
            var mask = Vector512.GreaterThan(Vector512.ShuffleNative(values, which).AsSByte(), Vector512.LoadUnsafe(ref thresholds, (nuint)t * 64)).ExtractMostSignificantBits();
            if (any)
            {
                mask |= Vector512.ShuffleNative(gaps, which).ExtractMostSignificantBits() & _defaultRight[t];
            }

            var leaf = leaves[t * _leafStride + Leaf(mask, t)];
            if (single)
            {
                sum += leaf;
            }
            else
            {
                sums[groups[t]] += leaf;
            }
        }

        if (single)
        {
            sums[0] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Walk256<TSum>(ReadOnlySpan<byte> ranks, ReadOnlySpan<byte> missing, bool any, Span<TSum> sums, TSum[] leaves) where TSum : unmanaged, INumber<TSum>
    {
        Quarters values = new(ranks), gaps = new(missing);
        ref var slots = ref MemoryMarshal.GetArrayDataReference(_slots);
        ref var thresholds = ref MemoryMarshal.GetArrayDataReference(_thresholds);
        var groups = _model.TreeMargins;
        var single = sums.Length == 1;
        var two = _ranks.Slots <= 32;
        var sum = sums[0];
        for (var t = 0; t < _defaultRight.Length; t++)
        {
            var low = Vector256.LoadUnsafe(ref slots, (nuint)t * 64);
            var high = Vector256.LoadUnsafe(ref slots, (nuint)t * 64 + 32);
            ulong right = Vector256.GreaterThan(values.Pick(high, two).AsSByte(), Vector256.LoadUnsafe(ref thresholds, (nuint)t * 64 + 32)).ExtractMostSignificantBits();
            var mask = right << 32 | Vector256.GreaterThan(values.Pick(low, two).AsSByte(), Vector256.LoadUnsafe(ref thresholds, (nuint)t * 64)).ExtractMostSignificantBits();
            if (any)
            {
                right = gaps.Pick(high, two).ExtractMostSignificantBits();
                mask |= (right << 32 | gaps.Pick(low, two).ExtractMostSignificantBits()) & _defaultRight[t];
            }

            var leaf = leaves[t * _leafStride + Leaf(mask, t)];
            if (single)
            {
                sum += leaf;
            }
            else
            {
                sums[groups[t]] += leaf;
            }
        }

        if (single)
        {
            sums[0] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Leaf(ulong mask, int tree)
    {
        if (_depth == 6)
        {
            var node = 2 + (int)(mask >> 1 & 1);
            node = 2 * node + (int)(mask >> node & 1);
            node = 2 * node + (int)(mask >> node & 1);
            node = 2 * node + (int)(mask >> node & 1);
            node = 2 * node + (int)(mask >> node & 1);
            return 2 * node + (int)(mask >> node & 1) - 64;
        }

        if (_depth > 0)
        {
            var node = 1;
            for (var d = 0; d < _depth; d++)
            {
                node = 2 * node + (int)(mask >> node & 1);
            }

            return node - (1 << _depth);
        }

        ref var children = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_children), tree * 128);
        var code = 0;
        do
        {
            code = Unsafe.Add(ref children, 2 * code + (int)(mask >> code & 1));
        }
        while (code < 64);
        return code - 64;
    }

    /// <summary>64 bytes as four 128-bit tables, each in both halves of a register, so that an in-lane shuffle looks up 16 of them.</summary>
    readonly struct Quarters
    {
        readonly Vector256<byte> _a;
        readonly Vector256<byte> _b;
        readonly Vector256<byte> _c;
        readonly Vector256<byte> _d;

        public Quarters(ReadOnlySpan<byte> bytes)
        {
            _a = Both(bytes);
            _b = Both(bytes[16..]);
            _c = Both(bytes[32..]);
            _d = Both(bytes[48..]);
        }

        static Vector256<byte> Both(ReadOnlySpan<byte> bytes)
        {
            var quarter = Vector128.Create(bytes);
            return Vector256.Create(quarter, quarter);
        }

        /// <summary>Bit 4 of an index, moved to the sign, chooses between two tables; bit 5 between the pairs.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<byte> Pick(Vector256<byte> which, bool two)
        {
            var choose = Vector256.ShiftLeft(which.AsUInt16(), 3).AsByte();
            var low = Avx2.BlendVariable(Avx2.Shuffle(_a, which), Avx2.Shuffle(_b, which), choose);
            if (two)
            {
                return low;
            }

            var high = Avx2.BlendVariable(Avx2.Shuffle(_c, which), Avx2.Shuffle(_d, which), choose);
            return Avx2.BlendVariable(low, high, Vector256.ShiftLeft(which.AsUInt16(), 2).AsByte());
        }
    }
}
