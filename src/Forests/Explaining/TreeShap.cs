using Fettle.Forests.Trees;

namespace Fettle.Forests.Explaining;

/// <summary>
/// Exact path-dependent Shapley values of a tree (Lundberg, Erion, Lee: Consistent Individualized Feature Attribution for Tree Ensembles,
/// arXiv:1802.03888, algorithm 2), in float64.
/// 1. Walk to every leaf and keep, for each distinct feature on the way, the share of training weight that flows on without the feature
///    (zero fraction) and whether the row follows the path (one fraction).
/// 2. <see cref="Element.Weight"/> holds the Shapley-weighted number of feature subsets of each size; extending adds a feature, unwinding removes one.
/// 3. At a leaf each feature gets its unwound weight times (one − zero) times the leaf's value.
/// Invariant: the values of a tree sum to its output for the row minus its expected output.
/// </summary>
internal ref struct TreeShap
{
    internal struct Element
    {
        public int Feature;
        public double Zero;
        public double One;
        public double Weight;
    }

    readonly DecisionTree _tree;
    readonly ReadOnlySpan<double> _row;
    readonly Span<double> _values;
    readonly Element[] _paths;

    /// <param name="tree">Its nodes need covers.</param>
    /// <param name="row">Values as the model compares them.</param>
    /// <param name="values">One per feature; the tree's contributions are added.</param>
    /// <param name="paths">Scratch of <see cref="ScratchLength"/>.</param>
    public TreeShap(DecisionTree tree, ReadOnlySpan<double> row, Span<double> values, Element[] paths)
    {
        _tree = tree;
        _row = row;
        _values = values;
        _paths = paths;
    }

    public static int ScratchLength(int depth) => (depth + 2) * (depth + 3) / 2 + depth + 2;

    public void Run() => Walk(0, 0, 0, 1, 1, -1);

    /// <summary>The expected output: leaves weighted by the training weight that reached them.</summary>
    public static double Expected(DecisionTree tree, int index = 0)
    {
        ref readonly var node = ref tree.Nodes[index];
        if (node.IsLeaf)
        {
            return node.Value;
        }

        var (left, right) = Shares(tree, in node);
        return left * Expected(tree, node.Left) + right * Expected(tree, node.Right);
    }

    /// <summary>A node that no training row reached splits its weight evenly.</summary>
    static (double Left, double Right) Shares(DecisionTree tree, in TreeNode node)
    {
        double left = tree.Nodes[node.Left].Cover, right = tree.Nodes[node.Right].Cover;
        var sum = left + right;
        return sum > 0 ? (left / sum, right / sum) : (0.5, 0.5);
    }

    /// <param name="index">Node.</param>
    /// <param name="start">Where this level's path lies in the scratch.</param>
    /// <param name="depth">Features on the path before <paramref name="feature"/>.</param>
    /// <param name="zero">Zero fraction of the edge that led here.</param>
    /// <param name="one">One fraction of that edge.</param>
    /// <param name="feature">The feature of that edge; −1 at the root.</param>
    readonly void Walk(int index, int start, int depth, double zero, double one, int feature)
    {
        var path = _paths.AsSpan(start, depth + 1);
        Extend(path, depth, zero, one, feature);
        ref readonly var node = ref _tree.Nodes[index];
        if (node.IsLeaf)
        {
            for (var i = 1; i <= depth; i++)
            {
                _values[path[i].Feature] += UnwoundSum(path, depth, i) * (path[i].One - path[i].Zero) * node.Value;
            }

            return;
        }

        var goesLeft = _tree.GoesLeft(in node, _row[node.Feature]);
        var (left, right) = Shares(_tree, in node);
        double zeroBefore = 1, oneBefore = 1;
        var length = depth;
        for (var i = 1; i <= depth; i++)
        {
            if (path[i].Feature == node.Feature)
            {
                (zeroBefore, oneBefore) = (path[i].Zero, path[i].One);
                Unwind(path, depth, i);
                length--;
                break;
            }
        }

        var next = start + depth + 1;
        Descend(node.Left, path, next, length, zeroBefore * left, goesLeft ? oneBefore : 0, node.Feature);
        Descend(node.Right, path, next, length, zeroBefore * right, goesLeft ? 0 : oneBefore, node.Feature);
    }

    readonly void Descend(int index, ReadOnlySpan<Element> path, int next, int length, double zero, double one, int feature)
    {
        path[..(length + 1)].CopyTo(_paths.AsSpan(next));
        Walk(index, next, length + 1, zero, one, feature);
    }

    static void Extend(Span<Element> path, int depth, double zero, double one, int feature)
    {
        path[depth] = new Element { Feature = feature, Zero = zero, One = one, Weight = depth == 0 ? 1 : 0 };
        for (var i = depth - 1; i >= 0; i--)
        {
            path[i + 1].Weight += one * path[i].Weight * (i + 1) / (depth + 1);
            path[i].Weight = zero * path[i].Weight * (depth - i) / (depth + 1);
        }
    }

    static void Unwind(Span<Element> path, int depth, int index)
    {
        var (zero, one) = (path[index].Zero, path[index].One);
        var next = path[depth].Weight;
        for (var i = depth - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var weight = path[i].Weight;
                path[i].Weight = next * (depth + 1) / ((i + 1) * one);
                next = weight - path[i].Weight * zero * (depth - i) / (depth + 1);
            }
            else
            {
                path[i].Weight = path[i].Weight * (depth + 1) / (zero * (depth - i));
            }
        }

        for (var i = index; i < depth; i++)
        {
            (path[i].Feature, path[i].Zero, path[i].One) = (path[i + 1].Feature, path[i + 1].Zero, path[i + 1].One);
        }
    }

    static double UnwoundSum(ReadOnlySpan<Element> path, int depth, int index)
    {
        var (zero, one) = (path[index].Zero, path[index].One);
        var next = path[depth].Weight;
        double sum = 0;
        for (var i = depth - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var weight = next * (depth + 1) / ((i + 1) * one);
                sum += weight;
                next = path[i].Weight - weight * zero * (depth - i) / (depth + 1);
            }
            else if (zero != 0)
            {
                sum += path[i].Weight * (depth + 1) / (zero * (depth - i));
            }
        }

        return sum;
    }
}
