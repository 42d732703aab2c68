using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// A tree of any shape as straight-line code over reach masks: 1 where a row reaches a node. Leaves are numbered from left to right, so the leaves below
/// a node are a range; where the whole range has a 1 in a plane of the leaf number, the node's reach is ORed into that plane once, not once per leaf.
/// </summary>
internal sealed class ReachProgram
{
    /// <summary>One split: step i reads the reach of a node in register <see cref="From"/>, writes its left child's to 2i + 1 and its right child's to 2i + 2.</summary>
    internal struct Step
    {
        public int Test;
        public int From;
    }

    public required Step[] Steps { get; init; }

    /// <summary>Registers that are ORed in one step.</summary>
    public const int Unroll = 4;

    /// <summary>A register that no row reaches; it fills planes up.</summary>
    public const int Nowhere = 2 * PlaneForest.MaxLeaves;

    /// <summary>Registers to OR, <see cref="PlaneWidth"/> of them for each plane, the highest plane first.</summary>
    public required int[] Reaches { get; init; }

    /// <summary>
    /// A multiple of <see cref="Unroll"/>, the same for all programs of a model: loops of one length are predicted, and a mispredicted end costs more than the
    /// registers that are ORed in vain.
    /// </summary>
    public required int PlaneWidth { get; init; }

    /// <summary>Bits of a leaf's number.</summary>
    public required int Planes { get; init; }

    public required int Leaves { get; init; }

    /// <summary>The program with every plane filled up to <paramref name="width"/> registers.</summary>
    public ReachProgram Widen(int width) => new()
    {
        Steps = Steps,
        Reaches = [.. Reaches.Chunk(PlaneWidth).SelectMany(plane => plane.Concat(Enumerable.Repeat(Nowhere, width - PlaneWidth)))],
        PlaneWidth = width,
        Planes = Planes,
        Leaves = Leaves,
    };

    public void Renumber(int[] moved)
    {
        foreach (ref var step in Steps.AsSpan())
        {
            step.Test = moved[step.Test];
        }
    }

    /// <param name="tree">At most 256 leaves.</param>
    /// <param name="number">The tree's number, for category tests.</param>
    /// <param name="tests">Receives the tests.</param>
    /// <param name="values">Receives the leaf values, left to right.</param>
    public static ReachProgram Create(DecisionTree tree, int number, TestList tests, List<double> values)
    {
        var counts = CountLeaves(tree);
        var planes = 1;
        while (1 << planes < tree.LeafCount)
        {
            planes++;
        }

        var steps = new List<Step>();
        var lists = Enumerable.Range(0, planes).Select(_ => new List<int>()).ToArray();
        var work = new Stack<(int Node, int First, int Register, int Done)>();
        work.Push((0, 0, 0, 0));
        while (work.TryPop(out var item))
        {
            ref readonly var node = ref tree.Nodes[item.Node];
            if (node.IsLeaf)
            {
                values.Add(node.Value);
                continue;
            }

            var (left, right) = (2 * steps.Count + 1, 2 * steps.Count + 2);
            steps.Add(new Step { Test = tests.Add(number, item.Node, in node), From = item.Register });
            var middle = item.First + counts[node.Left];
            work.Push((node.Right, middle, right, Join(lists, right, middle, counts[node.Right], item.Done)));
            work.Push((node.Left, item.First, left, Join(lists, left, item.First, counts[node.Left], item.Done)));
        }

        var width = Math.Max(1, (lists.Max(l => l.Count) + Unroll - 1) / Unroll) * Unroll;
        return new ReachProgram
        {
            Steps = [.. steps],
            Reaches = [.. lists.SelectMany(l => l.Concat(Enumerable.Repeat(Nowhere, width - l.Count)))],
            PlaneWidth = width,
            Planes = planes,
            Leaves = tree.LeafCount,
        };
    }

    /// <summary>Puts a register into the planes in which every leaf below has a 1 and no ancestor stood for it already.</summary>
    static int Join(List<int>[] lists, int register, int first, int count, int done)
    {
        var common = ~0;
        for (var i = first; i < first + count; i++)
        {
            common &= i;
        }

        for (var p = 0; p < lists.Length; p++)
        {
            var bit = 1 << (lists.Length - 1 - p);
            if ((common & bit & ~done) != 0)
            {
                lists[p].Add(register);
                done |= bit;
            }
        }

        return done;
    }

    static int[] CountLeaves(DecisionTree tree)
    {
        var counts = new int[tree.Nodes.Length];
        var order = new List<int> { 0 };
        for (var i = 0; i < order.Count; i++)
        {
            ref readonly var node = ref tree.Nodes[order[i]];
            if (!node.IsLeaf)
            {
                order.Add(node.Left);
                order.Add(node.Right);
            }
        }

        for (var i = order.Count - 1; i >= 0; i--)
        {
            ref readonly var node = ref tree.Nodes[order[i]];
            counts[order[i]] = node.IsLeaf ? 1 : counts[node.Left] + counts[node.Right];
        }

        return counts;
    }
}
