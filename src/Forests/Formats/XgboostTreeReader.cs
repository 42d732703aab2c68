using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>Reads one tree of an XGBoost document: parallel arrays indexed by node, −1 for no child.</summary>
internal static class XgboostTreeReader
{
    const int MaxCategory = 1 << 24;

    public static DecisionTree Read(DocumentNode tree, int index, int features)
    {
        tree.Expect(DocumentKind.Object, $"trees[{index}]");
        var left = tree.GetIntegers("left_children");
        var count = left.Length;
        var parameters = tree.Get("tree_param");
        if (parameters.GetInteger("num_nodes", 1, int.MaxValue) != count)
        {
            throw tree.Error($"tree {index}: num_nodes is {parameters.GetInteger("num_nodes", 1, int.MaxValue)}, left_children has {count}");
        }

        if (parameters.GetInteger("size_leaf_vector", 0, int.MaxValue, missing: 0) > 1)
        {
            throw tree.Error($"tree {index} has vector leaves (multi_strategy=multi_output_tree); train with one_output_per_tree");
        }

        var right = tree.GetIntegers("right_children", count);
        var indices = tree.GetIntegers("split_indices", count);
        var conditions = tree.GetSingles("split_conditions", count);
        var defaults = tree.GetBooleans("default_left", count);
        var covers = tree.Find("sum_hessian") is null ? new float[count] : tree.GetSingles("sum_hessian", count);
        var gains = tree.Find("loss_changes") is null ? new float[count] : tree.GetSingles("loss_changes", count);
        var types = tree.Find("split_type") is null ? new int[count] : tree.GetIntegers("split_type", count);
        var nodes = new TreeNode[count];
        for (var i = 0; i < count; i++)
        {
            var leaf = left[i] == -1;
            nodes[i] = new TreeNode
            {
                Kind = leaf ? SplitKind.Leaf : types[i] == 1 ? SplitKind.CategoriesRight : SplitKind.Less,
                DefaultLeft = defaults[i],
                Feature = leaf ? 0 : indices[i],
                Left = left[i],
                Right = right[i],
                LeafId = i,
                Threshold = leaf ? 0 : conditions[i],
                Value = leaf ? conditions[i] : 0,
                Cover = Finite(covers[i]),
                Gain = leaf ? 0 : Finite(gains[i]),
            };
        }

        var result = new DecisionTree { Nodes = nodes, Categories = ReadCategories(tree, index, nodes) };
        return result.Validate(features) is { } error ? throw tree.Error($"tree {index}: {error}") : result;
    }

    /// <summary>Statistics only: a statistic that overflowed in training must not make the model unreadable.</summary>
    static double Finite(float value) => float.IsFinite(value) ? value : 0;

    static int[] ReadCategories(DocumentNode tree, int index, TreeNode[] nodes)
    {
        if (tree.Find("categories_nodes") is null)
        {
            return NeedNone(tree, index, nodes);
        }

        var owners = tree.GetIntegers("categories_nodes");
        var segments = tree.GetIntegers("categories_segments", owners.Length);
        var sizes = tree.GetIntegers("categories_sizes", owners.Length);
        var categories = tree.GetIntegers("categories");
        if (categories.FirstOrDefault(c => c is < 0 or >= MaxCategory, 0) is var wrong and not 0)
        {
            throw tree.Error($"tree {index}: the category {wrong} is outside 0 to {MaxCategory - 1}");
        }

        var sets = new int[categories.Length];
        var owned = new HashSet<int>();
        for (var k = 0; k < owners.Length; k++)
        {
            if ((uint)owners[k] >= (uint)nodes.Length || nodes[owners[k]].Kind != SplitKind.CategoriesRight || !owned.Add(owners[k]))
            {
                throw tree.Error($"tree {index}: categories_nodes[{k}] is {owners[k]}, which is no categorical split or is named twice");
            }

            if (segments[k] < 0 || sizes[k] < 0 || (long)segments[k] + sizes[k] > categories.Length)
            {
                throw tree.Error($"tree {index}: categories {segments[k]} + {sizes[k]} lie outside the {categories.Length} categories");
            }

            categories.AsSpan(segments[k], sizes[k]).CopyTo(sets.AsSpan(segments[k]));
            sets.AsSpan(segments[k], sizes[k]).Sort();
            (nodes[owners[k]].CategoryStart, nodes[owners[k]].CategoryCount) = (segments[k], sizes[k]);
        }

        return owned.Count == nodes.Count(n => n.Kind == SplitKind.CategoriesRight) ? sets : throw tree.Error($"tree {index}: a categorical split has no categories");
    }

    static int[] NeedNone(DocumentNode tree, int index, TreeNode[] nodes) => nodes.Any(n => n.Kind == SplitKind.CategoriesRight)
        ? throw tree.Error($"tree {index} has categorical splits but no categories; XGBoost 1.3 to 1.5 files of that kind are not complete")
        : [];
}
