using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The kernel for single rows: every split of a tree is decided at once, then the answers are walked without a branch to mispredict.
/// 1. The ranks of a row (at most 64 bytes) lie in one 512-bit register, or two to four of its 128-bit quarters on AVX2.
/// 2. Per tree, 64 bytes name the slot of each split: a byte permute lines the ranks up; one comparison with 64 ranks gives a 64-bit mask, 1 = right.
/// 3. Trees of depth ≤ 6: the seven splits of the upper three levels are bits 0–6, and the seven splits below the k-th node of the fourth level are the
///    bits from 8 + 7k. Seven bits look up which k the row comes to, seven bits of that place look up the leaf: two small tables, no loop.
///    Other trees (≤ 64 splits) take the next node from a table of children.
/// Ranks are biased by 128 so that the signed comparison, the only one AVX2 has for bytes, orders them.
/// Leaves are added in tree order in the model's type, so the sums carry the oracle's bits.
/// </summary>
internal sealed partial class RowForest
{
    public const int MaxSplits = 64;
    public const int MaxSlots = 64;
    const int HeapDepth = 6;
    const int HeapLeaves = 1 << HeapDepth;

    /// <summary>Bytes per tree: 64 slots, then 64 ranks.</summary>
    const int SplitStride = 128;

    readonly RankTable _ranks;
    readonly ForestModel _model;
    readonly AlignedBytes _splits;
    readonly ulong[] _defaultRight;

    /// <summary>[tree][leaf]; pinned.</summary>
    readonly float[] _singles;
    readonly double[] _doubles;

    readonly bool _heap;

    /// <summary>[tree][split][left, right]: a split, or 64 + leaf. Trees that are no heaps only.</summary>
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
        _heap = model.Depth <= HeapDepth;
        _leafStride = _heap ? HeapLeaves : MaxSplits + 1;
        _splits = new AlignedBytes(count * SplitStride);
        _defaultRight = new ulong[count];
        _singles = GC.AllocateArray<float>(model.Arithmetic == ForestArithmetic.Single ? count * _leafStride : 0, pinned: true);
        _doubles = GC.AllocateArray<double>(model.Arithmetic == ForestArithmetic.Double ? count * _leafStride : 0, pinned: true);
        _children = GC.AllocateArray<byte>(_heap ? 0 : count * MaxSplits * 2, pinned: true);
        for (var t = 0; t < count; t++)
        {
            // Absent splits go left: no rank is above the highest.
            _splits.Span.Slice(t * SplitStride + 64, 64).Fill((byte)sbyte.MaxValue);
            if (_heap)
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
            return (null, $"the thresholds need {ranks.Slots} rank bytes; at most {MaxSlots} fit a register");
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
        _splits.Span[tree * SplitStride + bit] = (byte)split.Slot;
        _splits.Span[tree * SplitStride + 64 + bit] = (byte)(split.Rank - 128);
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

    /// <summary>The root is 1. A leaf above the last level fills the leftmost path below it; the splits there are absent.</summary>
    void LayHeap(int tree, int index, int heap)
    {
        ref readonly var node = ref _model.Trees[tree].Nodes[index];
        if (!node.IsLeaf)
        {
            SetSplit(tree, Bit(heap), in node);
            LayHeap(tree, node.Left, heap * 2);
            LayHeap(tree, node.Right, heap * 2 + 1);
            return;
        }

        while (heap < HeapLeaves)
        {
            heap *= 2;
        }

        SetLeaf(tree, heap - HeapLeaves, node.Value);
    }

    /// <summary>The bit of a heap node in the mask.</summary>
    static int Bit(int heap)
    {
        if (heap < 8)
        {
            return heap - 1;
        }

        // Depth 3, 4 or 5: the ancestor at depth 3, and the place among the seven nodes below it.
        var below = System.Numerics.BitOperations.Log2((uint)heap) - 3;
        var ancestor = heap >> below;
        var local = (1 << below) + (heap & ((1 << below) - 1));
        return 8 + 7 * (ancestor - 8) + local - 1;
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
}
