using System.Numerics;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>Reads one tree of LightGBM's text: inner nodes and leaves counted apart, a leaf as child is −1 − its number.</summary>
internal static class LightGbmTreeReader
{
    /// <summary>Bits of decision_type.</summary>
    const int Categorical = 1;
    const int DefaultLeft = 2;

    public static DecisionTree Read(LightGbmSection section, int features)
    {
        if (section.Integer("is_linear", 0, 1, missing: 0) == 1)
        {
            throw section.Error("is_linear", "the tree has linear models in its leaves (linear_tree=true), which are not supported; train with linear_tree=false");
        }

        var leaves = section.Integer("num_leaves", 1, int.MaxValue);
        if (leaves > section.Text("leaf_value").Length + 1)
        {
            throw section.Error("leaf_value", $"num_leaves is {leaves}, but leaf_value has {section.Text("leaf_value").Length} characters");
        }

        var values = section.Doubles("leaf_value", leaves);
        var inner = leaves - 1;
        var nodes = new TreeNode[inner + leaves];
        var leafCounts = Statistics(section, "leaf_count", leaves);
        for (var l = 0; l < leaves; l++)
        {
            nodes[inner + l] = new TreeNode { Kind = SplitKind.Leaf, LeafId = l, Value = values[l], Cover = leafCounts[l] };
        }

        var categories = inner > 0 ? ReadSplits(section, nodes, inner) : [];
        var tree = new DecisionTree { Nodes = nodes, Categories = categories };
        return tree.Validate(features) is { } error ? throw section.Error("num_leaves", error) : tree;
    }

    static int[] ReadSplits(LightGbmSection section, TreeNode[] nodes, int inner)
    {
        var indices = section.Integers("split_feature", inner);
        var thresholds = section.Doubles("threshold", inner);
        var decisions = section.Has("decision_type") ? section.Integers("decision_type", inner) : new int[inner];
        var left = section.Integers("left_child", inner);
        var right = section.Integers("right_child", inner);
        var counts = Statistics(section, "internal_count", inner);
        var gains = Statistics(section, "split_gain", inner);
        var sets = ReadSets(section);
        var categories = new List<int>();
        for (var i = 0; i < inner; i++)
        {
            if (decisions[i] is < 0 or > 11)
            {
                throw section.Error("decision_type", $"decision_type[{i}] is {decisions[i]}; allowed: 0 to 11");
            }

            nodes[i] = new TreeNode
            {
                Kind = SplitKind.LessOrEqual,
                Missing = (decisions[i] >> 2) switch { 0 => MissingKind.None, 1 => MissingKind.Zero, _ => MissingKind.NaN },
                DefaultLeft = (decisions[i] & DefaultLeft) != 0,
                Feature = indices[i],
                Left = Child(left[i], inner),
                Right = Child(right[i], inner),
                Threshold = thresholds[i],
                Cover = counts[i],
                Gain = gains[i],
            };
            if ((decisions[i] & Categorical) != 0)
            {
                nodes[i].Kind = SplitKind.CategoriesLeft;
                nodes[i].CategoryStart = categories.Count;
                var set = thresholds[i] >= 0 && thresholds[i] < sets.Length ? sets[(int)thresholds[i]]
                    : throw section.Error("threshold", $"threshold[{i}] names the category set {thresholds[i]}; the tree has {sets.Length}");
                categories.AddRange(set);
                nodes[i].CategoryCount = set.Length;
            }
        }

        return [.. categories];
    }

    static int Child(int child, int inner) => child >= 0 ? (child < inner ? child : int.MaxValue) : inner + ~child;

    static double[] Statistics(LightGbmSection section, string name, int length) =>
        section.Has(name) ? [.. section.Doubles(name, length).Select(v => double.IsFinite(v) ? v : 0)] : new double[length];

    static int[][] ReadSets(LightGbmSection section)
    {
        var count = section.Integer("num_cat", 0, 1 << 24, missing: 0);
        if (count == 0)
        {
            return [];
        }

        var texts = section.Texts("cat_boundaries").Length;
        var boundaries = texts == count + 1 ? section.Integers("cat_boundaries", texts)
            : throw section.Error("cat_boundaries", $"num_cat is {count}, cat_boundaries has {texts} values; {count + 1L} are needed");
        var words = section.Words("cat_threshold", section.Texts("cat_threshold").Length);
        var sets = new int[count][];
        for (var s = 0; s < count; s++)
        {
            if (boundaries[s] < 0 || boundaries[s + 1] < boundaries[s] || boundaries[s + 1] > words.Length || boundaries[s + 1] - boundaries[s] > 1 << 26)
            {
                throw section.Error("cat_boundaries", $"the category set {s} spans words {boundaries[s]} to {boundaries[s + 1]} of {words.Length}");
            }

            sets[s] = Members(words.AsSpan(boundaries[s]..boundaries[s + 1]));
        }

        return sets;
    }

    static int[] Members(ReadOnlySpan<uint> words)
    {
        var members = new List<int>();
        for (var w = 0; w < words.Length; w++)
        {
            for (var bits = words[w]; bits != 0; bits &= bits - 1)
            {
                members.Add(w * 32 + BitOperations.TrailingZeroCount(bits));
            }
        }

        return [.. members];
    }
}
