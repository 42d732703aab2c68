using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// A tree of any shape as straight-line code over reach masks. Leaves are numbered from left to right, so the leaves below a node are a range;
/// where the whole range has a 1 in a plane, the node's reach is ORed into it once, instead of once per leaf.
/// </summary>
internal sealed class ReachProgram
{
    /// <summary>One split: reach of the node in register <see cref="From"/>; left stays there, right goes to <see cref="Right"/>.</summary>
    internal struct Step
    {
        public int Test;
        public byte From;
        public byte Right;

        /// <summary>Planes that take the left and the right reach.</summary>
        public byte LeftPlanes;
        public byte RightPlanes;
    }

    public required Step[] Steps { get; init; }

    public required int Planes { get; init; }

    public required int Registers { get; init; }

    public required int Leaves { get; init; }

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
        var registers = 1;
        var free = new Stack<byte>();
        var work = new Stack<(int Node, int First, byte Register, byte Done)>();
        work.Push((0, 0, 0, 0));
        while (work.TryPop(out var item))
        {
            ref readonly var node = ref tree.Nodes[item.Node];
            if (node.IsLeaf)
            {
                values.Add(node.Value);
                free.Push(item.Register);
                continue;
            }

            if (!free.TryPop(out var right))
            {
                right = (byte)registers++;
            }

            var middle = item.First + counts[node.Left];
            var leftPlanes = (byte)(Common(item.First, counts[node.Left], planes) & ~item.Done);
            var rightPlanes = (byte)(Common(middle, counts[node.Right], planes) & ~item.Done);
            steps.Add(new Step
            {
                Test = tests.Add(number, item.Node, in node),
                From = item.Register,
                Right = right,
                LeftPlanes = leftPlanes,
                RightPlanes = rightPlanes,
            });
            work.Push((node.Right, middle, right, (byte)(item.Done | rightPlanes)));
            work.Push((node.Left, item.First, item.Register, (byte)(item.Done | leftPlanes)));
        }

        return new ReachProgram { Steps = [.. steps], Planes = planes, Registers = registers, Leaves = tree.LeafCount };
    }

    /// <summary>Planes, the highest first as bit 0, in which every number of a range has a 1.</summary>
    static int Common(int first, int count, int planes)
    {
        var common = ~0;
        for (var i = first; i < first + count; i++)
        {
            common &= i;
        }

        var result = 0;
        for (var p = 0; p < planes; p++)
        {
            result |= (common >> (planes - 1 - p) & 1) << p;
        }

        return result;
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
