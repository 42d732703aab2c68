using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The compiled form that needs no vector instructions and no limit on leaves or features: trees as small nodes whose children are neighbours.
/// 1. A split is "left when x &lt; key"; the step to the left or right child is an addition, so nothing is mispredicted.
/// 2. A leaf is its own left child and no value is ≥ its key (NaN), so a walk may take more steps than the tree is deep.
/// 3. Four trees are walked together, so that their loads overlap; leaves are added in tree order, which keeps the oracle's bits.
/// </summary>
/// <typeparam name="TKey">float for float32 models, double for float64 models.</typeparam>
internal sealed class WalkForest<TKey> : IWalkForest where TKey : unmanaged, INumber<TKey>
{
    const int Together = 4;
    const int RowsPerPass = 64;

    struct Node
    {
        public TKey Key;
        public int Feature;
        public int Left;

        /// <summary>1 when a missing value goes right.</summary>
        public int MissingRight;
    }

    readonly ForestModel _model;
    readonly Node[] _nodes;
    readonly TKey[] _values;
    readonly int[] _roots;
    readonly TKey[] _bases;

    WalkForest(ForestModel model)
    {
        _model = model;
        var total = model.Trees.Sum(t => 2 * t.LeafCount - 1);
        // Groups of trees are whole: the last one is filled with a leaf of value 0 that no sum takes.
        _nodes = GC.AllocateArray<Node>(total + 1, pinned: true);
        _values = GC.AllocateArray<TKey>(total + 1, pinned: true);
        _roots = new int[(model.Trees.Length + Together - 1) / Together * Together];
        _bases = [.. model.BaseMargins.Select(TKey.CreateTruncating)];
        SetLeaf(total, 0);
        Array.Fill(_roots, total);
        var next = 0;
        for (var t = 0; t < model.Trees.Length; t++)
        {
            Lay(model.Trees[t], t, ref next);
        }
    }

    /// <summary>The kernel, or why the model has none.</summary>
    public static (IWalkForest? Kernel, string? Problem) Create(ForestModel model)
    {
        foreach (var node in model.Trees.SelectMany(t => t.Nodes))
        {
            if (node.IsLeaf)
            {
                continue;
            }

            if (node.Kind is SplitKind.CategoriesLeft or SplitKind.CategoriesRight)
            {
                return (null, "a split tests categories");
            }

            if (node.Missing == MissingKind.Zero)
            {
                return (null, "zeros are missing values");
            }

            if (RankTable.KeyOf(in node, model.Arithmetic) is null)
            {
                return (null, node.Kind == SplitKind.Equal ? "a split tests for equality" : "a threshold is +infinity");
            }
        }

        return (new WalkForest<TKey>(model), null);
    }

    /// <summary>Breadth first, the two children of a split beside each other.</summary>
    void Lay(DecisionTree tree, int number, ref int next)
    {
        _roots[number] = next++;
        var work = new Queue<(int Node, int Place)>();
        work.Enqueue((0, _roots[number]));
        while (work.TryDequeue(out var item))
        {
            ref readonly var node = ref tree.Nodes[item.Node];
            if (node.IsLeaf)
            {
                SetLeaf(item.Place, node.Value);
                continue;
            }

            var key = RankTable.KeyOf(in node, _model.Arithmetic)!.Value;
            // Without missing values in training NaN is compared as 0, which is a fixed side of every key.
            var missingLeft = node.Missing == MissingKind.None ? 0 < key : node.DefaultLeft;
            _nodes[item.Place] = new Node { Key = TKey.CreateTruncating(key), Feature = node.Feature, Left = next, MissingRight = missingLeft ? 0 : 1 };
            work.Enqueue((node.Left, next));
            work.Enqueue((node.Right, next + 1));
            next += 2;
        }
    }

    void SetLeaf(int place, double value)
    {
        _nodes[place] = new Node { Key = TKey.CreateTruncating(double.NaN), Left = place };
        _values[place] = TKey.CreateTruncating(value);
    }

    public void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged
    {
        var sums = MemoryMarshal.Cast<TOut, TKey>(margins);
        var (features, width) = (_model.FeatureCount, _bases.Length);
        for (var start = 0; start < count; start += RowsPerPass)
        {
            var rowCount = Math.Min(RowsPerPass, count - start);
            var target = sums.Slice(start * width, rowCount * width);
            for (var r = 0; r < rowCount; r++)
            {
                _bases.CopyTo(target[(r * width)..]);
            }

            Trees(rows.Slice(start * features, rowCount * features), rowCount, target);
            for (var i = 0; i < target.Length && _model.AverageOver != 1; i++)
            {
                target[i] /= TKey.CreateTruncating(_model.AverageOver);
            }
        }
    }

    /// <summary>Trees outside, rows inside: a group of trees stays in the cache for all rows of a pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    unsafe void Trees<TRow>(ReadOnlySpan<TRow> rows, int count, Span<TKey> sums) where TRow : unmanaged
    {
        var nodes = (Node*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_nodes));
        var values = (TKey*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_values));
        var groups = _model.TreeMargins;
        var width = _bases.Length;
        fixed (TRow* first = rows)
        {
            for (var t = 0; t < _roots.Length; t += Together)
            {
                var row = first;
                for (var r = 0; r < count; r++, row += _model.FeatureCount)
                {
                    int a = _roots[t], b = _roots[t + 1], c = _roots[t + 2], d = _roots[t + 3];
                    int moved;
                    do
                    {
                        var (na, nb, nc, nd) = (Next(nodes, a, row), Next(nodes, b, row), Next(nodes, c, row), Next(nodes, d, row));
                        moved = (na ^ a) | (nb ^ b) | (nc ^ c) | (nd ^ d);
                        (a, b, c, d) = (na, nb, nc, nd);
                    }
                    while (moved != 0);

                    var left = groups.Length - t;
                    sums[r * width + groups[t]] += values[a];
                    if (left > 1)
                    {
                        sums[r * width + groups[t + 1]] += values[b];
                    }

                    if (left > 2)
                    {
                        sums[r * width + groups[t + 2]] += values[c];
                    }

                    if (left > 3)
                    {
                        sums[r * width + groups[t + 3]] += values[d];
                    }
                }
            }
        }
    }

    /// <summary>A value that is neither below the key nor at or above it is missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe int Next<TRow>(Node* nodes, int index, TRow* row) where TRow : unmanaged
    {
        var node = nodes + index;
        var value = row[node->Feature];
        var x = typeof(TRow) == typeof(TKey) ? (TKey)(object)value
            : typeof(TKey) == typeof(double) ? (TKey)(object)(double)(float)(object)value
            : (TKey)(object)(float)(double)(object)value;
        int below = Unsafe.BitCast<bool, byte>(x < node->Key), above = Unsafe.BitCast<bool, byte>(x >= node->Key);
        return node->Left + (above | ((below ^ 1) & node->MissingRight));
    }
}

/// <summary>The scalar kernel without its arithmetic.</summary>
internal interface IWalkForest
{
    /// <summary>Margins of rows; <typeparamref name="TOut"/> is the model's own type.</summary>
    void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged;
}
