using System.Globalization;
using System.Text;

namespace Fettle.Forests;

/// <summary>LightGBM's text model: splits and leaves are numbered in the order of growth, a leaf as child is −1 − its number.</summary>
internal static class LightGbmShape
{
    /// <summary>decision_type: numerical, default left by bit 1, missing values are NaN (2 in bits 2–3).</summary>
    const int MissingIsNaN = 8;
    const int DefaultLeft = 2;

    public static byte[] Write(SyntheticModel model)
    {
        var random = new Random(model.Seed);
        var thresholds = model.DrawThresholds(random);
        var trees = Enumerable.Range(0, model.Trees).Select(t => Tree(model, random, thresholds, t)).ToArray();
        var names = string.Join(' ', Enumerable.Range(0, model.Features).Select(f => $"Column_{f}"));
        var text = new StringBuilder()
            .Append("tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n")
            .Append(CultureInfo.InvariantCulture, $"max_feature_idx={model.Features - 1}\nobjective=binary sigmoid:1\nfeature_names={names}\n")
            .Append(CultureInfo.InvariantCulture, $"tree_sizes={string.Join(' ', trees.Select(t => t.Length))}\n\n");
        foreach (var tree in trees)
        {
            text.Append(tree);
        }

        return Encoding.UTF8.GetBytes(text.Append("end of trees\n\nend of parameters\n").ToString());
    }

    /// <summary>Leaf-wise growth: a leaf drawn at random becomes a split; its old number stays with the left child.</summary>
    static string Tree(SyntheticModel model, Random random, double[][] thresholds, int number)
    {
        var splits = model.Leaves - 1;
        var (left, right, features, limits, decisions) = (new int[splits], new int[splits], new int[splits], new double[splits], new int[splits]);
        var owners = new (int Split, bool Right)[model.Leaves];
        for (var s = 0; s < splits; s++)
        {
            var leaf = random.Next(s + 1);
            if (s > 0)
            {
                (owners[leaf].Right ? right : left)[owners[leaf].Split] = s;
            }

            (left[s], right[s], features[s]) = (~leaf, ~(s + 1), random.Next(model.Features));
            limits[s] = thresholds[features[s]][random.Next(model.Thresholds)];
            decisions[s] = MissingIsNaN | (random.Next(2) == 0 ? 0 : DefaultLeft);
            (owners[leaf], owners[s + 1]) = ((s, false), (s, true));
        }

        return new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"Tree={number}\nnum_leaves={model.Leaves}\nnum_cat=0\n")
            .Append(Line("split_feature", features)).Append(Line("split_gain", Enumerable.Repeat(1, splits))).Append(Line("threshold", limits.Select(Text)))
            .Append(Line("decision_type", decisions)).Append(Line("left_child", left)).Append(Line("right_child", right))
            .Append(Line("leaf_value", Enumerable.Range(0, model.Leaves).Select(_ => Text(0.05 * SyntheticModel.Normal(random)))))
            .Append("is_linear=0\nshrinkage=0.05\n\n\n").ToString();
    }

    static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Line<T>(string name, IEnumerable<T> values) => string.Create(CultureInfo.InvariantCulture, $"{name}={string.Join(' ', values)}\n");
}
