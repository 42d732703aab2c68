using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The model in the form of the batch kernel. Rows are worked in blocks of one bit per row.
/// 1. The ranks of a slot become 33 masks, three of which answer any test of it (<see cref="SlotTables{TMask}"/>): 1 = right.
/// 2. Trees of depth ≤ 6: the answers are muxed level by level into the bit planes of the leaf index, as a heap is walked, for all rows at once.
///    Other trees (≤ 256 leaves): reach masks run down the tree, and are ORed into a plane where all leaves below share a 1 in that plane.
/// 3. The planes are transposed to one byte per row, which indexes the tree's leaves; sums are added in tree order.
/// </summary>
internal sealed class PlaneForest
{
    public const int MaxLeaves = 256;
    public const int MaxHeapDepth = 6;
    const int MostTableLeaves = 64;

    /// <summary>Distinct tests, so that pairs of one slot are neighbours; a slot of −1 never goes right.</summary>
    public required RankedSplit[] Tests { get; init; }

    /// <summary>Category tests follow the ranked ones: (tree, node) whose own test decides.</summary>
    public required (int Tree, int Node)[] CategoryTests { get; init; }

    public required RankTable Ranks { get; init; }

    public required ForestModel Model { get; init; }

    /// <summary>[tree][63] test of each heap node, or empty when <see cref="Programs"/> are used.</summary>
    public required int[] Heap { get; init; }

    public required int HeapDepth { get; init; }

    public required ReachProgram[] Programs { get; init; }

    public required float[] Singles { get; init; }

    public required double[] Doubles { get; init; }

    public required int[] LeafStarts { get; init; }

    /// <summary>
    /// [tree][byte of the value][<see cref="TableLeaves"/>]: what byte shuffles look up, each piece of 16 leaves XORed with the piece before it, as
    /// <see cref="LeafShuffle"/> wants them; trees of more leaves have no use for theirs.
    /// </summary>
    public required byte[] Tables { get; init; }

    /// <summary>32 where no tree has more leaves, else 64.</summary>
    public required int TableLeaves { get; init; }

    /// <summary>Bytes of <see cref="Tables"/> per tree.</summary>
    public int TableStride => TableLeaves * (Singles.Length > 0 ? sizeof(float) : sizeof(double));

    public static (PlaneForest? Forest, string? Problem) Create(ForestModel model, RankTable ranks)
    {
        if (model.Trees.FirstOrDefault(t => t.LeafCount > MaxLeaves) is { } large)
        {
            return (null, $"a tree has {large.LeafCount} leaves; the batch kernel takes {MaxLeaves}");
        }

        var tests = new TestList(model, ranks);
        var heap = model.Depth <= MaxHeapDepth;
        var depth = Math.Max(1, model.Depth);
        var count = model.Trees.Length;
        var nodes = heap ? new int[count << depth] : [];
        var programs = heap ? [] : new ReachProgram[count];
        var values = new List<double>();
        var starts = new int[count];
        for (var t = 0; t < count; t++)
        {
            starts[t] = values.Count;
            if (heap)
            {
                var leaves = new double[1 << depth];
                LayHeap(model, t, 0, 1, depth, nodes.AsSpan(t << depth), leaves, tests);
                values.AddRange(leaves);
            }
            else
            {
                programs[t] = ReachProgram.Create(model.Trees[t], t, tests, values);
            }
        }

        // A whole register may be read past the last leaf.
        values.AddRange(new double[MostTableLeaves]);
        var single = model.Arithmetic == ForestArithmetic.Single;
        var tableLeaves = (heap ? 1 << depth : model.LargestTree) <= MostTableLeaves / 2 ? MostTableLeaves / 2 : MostTableLeaves;
        var (order, moved) = tests.Sort();
        foreach (ref var node in nodes.AsSpan())
        {
            node = moved[node];
        }

        var widths = programs.GroupBy(p => p.Planes).ToDictionary(g => g.Key, g => g.Max(p => p.PlaneWidth));
        foreach (ref var program in programs.AsSpan())
        {
            program.Renumber(moved);
            program = program.Widen(widths[program.Planes]);
        }

        return (new PlaneForest
        {
            Tests = order,
            CategoryTests = tests.Categories,
            Ranks = ranks,
            Model = model,
            Heap = nodes,
            HeapDepth = heap ? depth : 0,
            Programs = programs,
            Singles = single ? [.. values.Select(v => (float)v)] : [],
            Doubles = single ? [] : [.. values],
            LeafStarts = starts,
            Tables = LayTables(values, starts, single, tableLeaves),
            TableLeaves = tableLeaves,
        }, null);
    }

    /// <summary>Values behind a tree's last leaf may be read into its table; no index names them.</summary>
    static byte[] LayTables(List<double> values, int[] starts, bool single, int leaves)
    {
        var size = single ? sizeof(float) : sizeof(double);
        var tables = GC.AllocateArray<byte>(starts.Length * leaves * size, pinned: true);
        for (var t = 0; t < starts.Length; t++)
        {
            for (var leaf = 0; leaf < leaves; leaf++)
            {
                var bits = Bits(starts[t] + leaf) ^ (leaf >= 16 ? Bits(starts[t] + leaf - 16) : 0);
                for (var b = 0; b < size; b++)
                {
                    tables[(t * size + b) * leaves + leaf] = (byte)(bits >> (8 * b));
                }
            }
        }

        return tables;

        ulong Bits(int at) => single ? BitConverter.SingleToUInt32Bits((float)values[at]) : BitConverter.DoubleToUInt64Bits(values[at]);
    }

    static void LayHeap(ForestModel model, int tree, int index, int heap, int depth, Span<int> nodes, double[] leaves, TestList tests)
    {
        ref readonly var node = ref model.Trees[tree].Nodes[index];
        if (!node.IsLeaf)
        {
            nodes[heap] = tests.Add(tree, index, in node);
            LayHeap(model, tree, node.Left, heap * 2, depth, nodes, leaves, tests);
            LayHeap(model, tree, node.Right, heap * 2 + 1, depth, nodes, leaves, tests);
            return;
        }

        if (heap >= 1 << depth)
        {
            leaves[heap - (1 << depth)] = node.Value;
            return;
        }

        // Below a leaf nothing goes right, so only the leftmost path is walked.
        FillNever(nodes, heap, depth, tests.Never);
        while (heap < 1 << depth)
        {
            heap *= 2;
        }

        leaves[heap - (1 << depth)] = node.Value;
    }

    static void FillNever(Span<int> nodes, int heap, int depth, int never)
    {
        for (int first = heap, width = 1; first < 1 << depth; first *= 2, width *= 2)
        {
            nodes.Slice(first, width).Fill(never);
        }
    }
}

/// <summary>Collects the distinct tests of a model.</summary>
internal sealed class TestList(ForestModel model, RankTable ranks)
{
    readonly Dictionary<RankedSplit, int> _numbers = [];
    readonly List<(int Number, int Tree, int Node)> _categories = [];
    int _count;

    /// <summary>A test that no row passes.</summary>
    public int Never => Number(new RankedSplit(-1, 0, false));

    public (int Tree, int Node)[] Categories => [.. _categories.Select(c => (c.Tree, c.Node))];

    public int Add(int tree, int index, in TreeNode node)
    {
        if (node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
        {
            _categories.Add((_count, tree, index));
            return _count++;
        }

        return Number(RankedSplit.Of(in node, ranks, model.Arithmetic));
    }

    int Number(RankedSplit split)
    {
        if (!_numbers.TryGetValue(split, out var number))
        {
            _numbers.Add(split, number = _count++);
        }

        return number;
    }

    /// <summary>Ranked tests by slot and rank, category tests behind them, and where each number went.</summary>
    public (RankedSplit[] Order, int[] Moved) Sort()
    {
        var sorted = _numbers.OrderBy(p => p.Key.Slot).ThenBy(p => p.Key.Rank).ThenBy(p => p.Key.DefaultRight).ToArray();
        var moved = new int[_count];
        for (var i = 0; i < sorted.Length; i++)
        {
            moved[sorted[i].Value] = i;
        }

        for (var c = 0; c < _categories.Count; c++)
        {
            moved[_categories[c].Number] = sorted.Length + c;
        }

        return ([.. sorted.Select(p => p.Key)], moved);
    }
}
