using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The kernel for single rows of trees of depth ≤ 6: 32 trees are walked together, each in a byte of an AVX2 register.
/// 1. A row is at most 64 rank bytes; byte shuffles look up the ranks that 32 splits ask for.
/// 2. Every node of the upper levels is 32 slots and 32 ranks, one per tree. The answers of the levels above blend the nodes of a level into one, and one
///    comparison answers it for 32 trees.
/// 3. The answers are the place of a record per tree that holds the last split and its two leaves, in one cache line. It is answered by a subtraction,
///    and the leaf is added in tree order in the model's type, so the sums carry the oracle's bits.
/// A tree costs 62 bytes that are read in order and one record, instead of all its splits.
/// </summary>
internal sealed partial class LaneForest
{
    public const int MaxSlots = 64;
    public const int MaxDepth = 6;

    const int Lanes = 32;

    /// <summary>A node of 32 trees: their slots, then their ranks.</summary>
    const int NodeBytes = 2 * Lanes;

    /// <summary>Bit of a slot byte: a missing value goes right.</summary>
    const byte DefaultRight = 0x40;

    readonly ForestModel _model;
    readonly RankTable _ranks;

    /// <summary>[group of trees][node of the upper levels][slots, ranks biased by 128].</summary>
    readonly AlignedBytes _upper;
    readonly int _upperLevels;
    readonly int _groupBytes;

    /// <summary>[tree][place]: slot, rank, 1 when missing values go right; then the two leaves.</summary>
    readonly AlignedBytes _records;
    readonly int _recordBytes;
    readonly int _treeBytes;

    LaneForest(ForestModel model, RankTable ranks)
    {
        (_model, _ranks) = (model, ranks);
        _upperLevels = Math.Max(0, model.Depth - 1);
        _groupBytes = ((1 << _upperLevels) - 1) * NodeBytes;
        _recordBytes = model.Arithmetic == ForestArithmetic.Single ? 16 : 24;
        _treeBytes = _recordBytes << _upperLevels;
        var groups = (model.Trees.Length + Lanes - 1) / Lanes;
        _upper = new AlignedBytes(groups * _groupBytes);
        _records = new AlignedBytes(model.Trees.Length * _treeBytes);
        // Absent splits go left: no rank is above the highest.
        for (var at = Lanes; at < _upper.Length; at += NodeBytes)
        {
            _upper.Span.Slice(at, Lanes).Fill((byte)sbyte.MaxValue);
        }

        for (var at = 1; at < _records.Length; at += _recordBytes)
        {
            _records.Span[at] = byte.MaxValue;
        }

        for (var t = 0; t < model.Trees.Length; t++)
        {
            Lay(t, 0, 1);
        }
    }

    /// <summary>The kernel, or why the model does not fit it.</summary>
    public static (LaneForest? Kernel, string? Problem) Create(ForestModel model, RankTable ranks) =>
        !Avx2.IsSupported ? (null, "no AVX2")
        : ranks.Slots > MaxSlots ? (null, $"the thresholds need {ranks.Slots} rank bytes; at most {MaxSlots} fit")
        : model.Depth > MaxDepth ? (null, $"a tree has {model.Depth} levels; at most {MaxDepth} fit")
        : model.Trees.Any(t => t.Nodes.Any(n => n.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)) ? (null, "a split tests categories")
        : (new LaneForest(model, ranks), null);

    /// <summary>The root is 1. A leaf above the last level fills the leftmost path below it; the splits there are absent.</summary>
    void Lay(int tree, int index, int heap)
    {
        ref readonly var node = ref _model.Trees[tree].Nodes[index];
        var records = 1 << _upperLevels;
        if (node.IsLeaf)
        {
            while (heap < 2 * records)
            {
                heap *= 2;
            }

            SetLeaf(tree, (heap >> 1) - records, heap & 1, node.Value);
            return;
        }

        var split = RankedSplit.Of(in node, _ranks, _model.Arithmetic);
        if (heap < records)
        {
            var at = tree / Lanes * _groupBytes + (heap - 1) * NodeBytes + tree % Lanes;
            _upper.Span[at] = (byte)(split.Slot | (split.DefaultRight ? DefaultRight : 0));
            _upper.Span[at + Lanes] = (byte)(split.Rank - 128);
        }
        else
        {
            var record = _records.Span[(tree * _treeBytes + (heap - records) * _recordBytes)..];
            (record[0], record[1], record[2]) = ((byte)split.Slot, (byte)split.Rank, split.DefaultRight ? (byte)1 : (byte)0);
        }

        Lay(tree, node.Left, 2 * heap);
        Lay(tree, node.Right, 2 * heap + 1);
    }

    void SetLeaf(int tree, int place, int side, double value)
    {
        var record = _records.Span.Slice(tree * _treeBytes + place * _recordBytes, _recordBytes);
        if (_model.Arithmetic == ForestArithmetic.Single)
        {
            MemoryMarshal.Cast<byte, float>(record)[1 + side] = (float)value;
        }
        else
        {
            MemoryMarshal.Cast<byte, double>(record)[1 + side] = value;
        }
    }
}
