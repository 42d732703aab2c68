using System.Runtime.CompilerServices;

namespace Fettle.Forests.Trees;

/// <summary>A validated binary tree with the root at index 0; every node is reached exactly once.</summary>
internal sealed class DecisionTree
{
    public required TreeNode[] Nodes { get; init; }

    /// <summary>Category sets of the categorical splits, each in rising order: bounded by the file's size, unlike bit sets.</summary>
    public int[] Categories { get; init; } = [];

    public int LeafCount { get; private set; }

    public int Depth { get; private set; }

    /// <summary>Checks children, features, thresholds and that the nodes form one tree.</summary>
    /// <returns>Null, or what is wrong, with the node's index.</returns>
    public string? Validate(int features)
    {
        if (Nodes.Length == 0)
        {
            return "the tree has no nodes";
        }

        var seen = new bool[Nodes.Length];
        var stack = new Stack<(int Node, int Depth)>();
        stack.Push((0, 0));
        seen[0] = true;
        int leaves = 0, deepest = 0;
        while (stack.TryPop(out var item))
        {
            ref readonly var node = ref Nodes[item.Node];
            deepest = Math.Max(deepest, item.Depth);
            if (node.IsLeaf)
            {
                leaves++;
                if (!double.IsFinite(node.Value))
                {
                    return $"node {item.Node} has the leaf value {node.Value}; a finite number is needed";
                }

                continue;
            }

            if (CheckSplit(item.Node, features) is { } error)
            {
                return error;
            }

            foreach (var child in (ReadOnlySpan<int>)[node.Left, node.Right])
            {
                if ((uint)child >= (uint)Nodes.Length)
                {
                    return $"node {item.Node} has the child {child}; allowed: 0 to {Nodes.Length - 1}";
                }

                if (seen[child])
                {
                    return $"node {child} is reached twice, the second time from node {item.Node}; a tree has no cycles and no shared nodes";
                }

                seen[child] = true;
                stack.Push((child, item.Depth + 1));
            }
        }

        (LeafCount, Depth) = (leaves, deepest);
        return null;
    }

    string? CheckSplit(int index, int features)
    {
        ref readonly var node = ref Nodes[index];
        if ((uint)node.Feature >= (uint)features)
        {
            return $"node {index} splits on feature {node.Feature}; the model has {features} features";
        }

        if (node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
        {
            return (uint)node.CategoryStart + (long)(uint)node.CategoryCount > Categories.Length
                ? $"node {index} names the categories {node.CategoryStart} + {node.CategoryCount}; the tree has {Categories.Length}"
                : null;
        }

        return double.IsNaN(node.Threshold) ? $"node {index} has the threshold NaN" : null;
    }

    /// <summary>The index of the leaf that a row reaches; the oracle's walk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int FindLeaf<T>(ReadOnlySpan<T> row) where T : struct
    {
        var index = 0;
        while (true)
        {
            ref readonly var node = ref Nodes[index];
            if (node.IsLeaf)
            {
                return index;
            }

            var x = typeof(T) == typeof(float) ? (float)(object)row[node.Feature] : (double)(object)row[node.Feature];
            index = GoesLeft(in node, x) ? node.Left : node.Right;
        }
    }

    /// <summary>Float values arrive widened, which keeps every comparison's answer.</summary>
    public bool GoesLeft(in TreeNode node, double x)
    {
        switch (node.Kind)
        {
            case SplitKind.CategoriesLeft:
                return !double.IsNaN(x) && x > -1 && x < 2147483648.0 && HasCategory(in node, (int)x);
            case SplitKind.CategoriesRight when !double.IsNaN(x):
                return x < 0 || x >= 16777216 || !HasCategory(in node, (int)x);
        }

        if (double.IsNaN(x))
        {
            if (node.Missing != MissingKind.None)
            {
                return node.DefaultLeft;
            }

            x = 0;
        }
        else if (node.Missing == MissingKind.Zero && x is >= -ZeroThreshold and <= ZeroThreshold)
        {
            return node.DefaultLeft;
        }

        return node.Kind switch
        {
            SplitKind.Less => x < node.Threshold,
            SplitKind.LessOrEqual => x <= node.Threshold,
            _ => x == node.Threshold,
        };
    }

    /// <summary>LightGBM's bound is the float 1e-35.</summary>
    internal const double ZeroThreshold = 1e-35f;

    internal ReadOnlySpan<int> CategoriesOf(in TreeNode node) => Categories.AsSpan(node.CategoryStart, node.CategoryCount);

    bool HasCategory(in TreeNode node, int category) => CategoriesOf(in node).BinarySearch(category) >= 0;
}
