using Fettle.Forests.Trees;

namespace Fettle.Forests.Tests;

/// <summary>Seeded models of any shape and rows that hit what goes wrong: exact thresholds, one ulp beside them, NaN, infinities, −0, denormals.</summary>
internal sealed class RandomForest
{
    readonly Random _random;
    readonly List<double>[] _thresholds;
    readonly bool _single;

    public RandomForest(int seed, bool zeroAsMissing = true, int? treeCount = null, int? depth = null, int? featureCount = null)
    {
        _random = new Random(seed);
        _single = _random.Next(2) == 0;
        var features = featureCount ?? _random.Next(1, 80);
        var style = (SplitStyle)_random.Next(3);
        var missing = Enumerable.Range(0, features).Select(_ => _single ? MissingKind.NaN : (MissingKind)_random.Next(3)).ToArray();
        if (!zeroAsMissing)
        {
            missing = [.. missing.Select(m => m == MissingKind.Zero ? MissingKind.NaN : m)];
        }

        var categorical = Enumerable.Range(0, features).Select(_ => style == SplitStyle.WithCategories && _random.Next(4) == 0).ToArray();
        _thresholds = [.. Enumerable.Range(0, features).Select(_ => Enumerable.Range(0, _random.Next(1, 30)).Select(_ => Threshold()).ToList())];
        var margins = _random.Next(4) == 0 ? _random.Next(2, 5) : 1;
        var deepest = depth ?? _random.Next(1, 12);
        var largest = _random.Next(2) == 0 ? 64 : _random.Next(2, 300);
        var trees = new DecisionTree[treeCount ?? _random.Next(1, 12)];
        for (var t = 0; t < trees.Length; t++)
        {
            trees[t] = Grow(features, deepest, largest, missing, categorical);
        }

        Model = new ForestModel
        {
            Arithmetic = _single ? ForestArithmetic.Single : ForestArithmetic.Double,
            FeatureCount = features,
            MarginCount = margins,
            BaseMargins = [.. Enumerable.Range(0, margins).Select(_ => Leaf())],
            AverageOver = _random.Next(5) == 0 ? 3 : 1,
            Link = margins > 1 ? ForestLink.Softmax : ForestLink.Logistic,
            Trees = trees,
            TreeMargins = [.. Enumerable.Range(0, trees.Length).Select(_ => _random.Next(margins))],
        };
    }

    enum SplitStyle
    {
        Plain,
        Skewed,
        WithCategories,
    }

    public ForestModel Model { get; }

    public float[] Rows(int count)
    {
        var rows = new float[count * Model.FeatureCount];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (float)Value(i % Model.FeatureCount, beside: _random.Next(3));
        }

        return rows;
    }

    public double[] DoubleRows(int count)
    {
        var rows = new double[count * Model.FeatureCount];
        for (var i = 0; i < rows.Length; i++)
        {
            var value = Value(i % Model.FeatureCount, beside: 0);
            rows[i] = _random.Next(3) switch { 0 => Math.BitIncrement(value), 1 => Math.BitDecrement(value), _ => value };
        }

        return rows;
    }

    double Value(int feature, int beside)
    {
        if (_random.Next(5) == 0)
        {
            return _random.Next(9) switch
            {
                0 => double.NaN,
                1 => double.PositiveInfinity,
                2 => double.NegativeInfinity,
                3 => -0.0,
                4 => float.Epsilon,
                5 => -float.Epsilon,
                6 => 1e-35f,
                7 => _random.Next(-2, 80),
                _ => float.MaxValue,
            };
        }

        var list = _thresholds[feature];
        var x = (float)list[_random.Next(list.Count)];
        return beside switch { 0 => x, 1 => MathF.BitIncrement(x), _ => MathF.BitDecrement(x) };
    }

    double Threshold()
    {
        var value = _random.Next(12) switch
        {
            0 => 0.0,
            1 => -0.0,
            2 => float.Epsilon,
            3 => double.NegativeInfinity,
            4 => float.MaxValue,
            5 => 1e-35f,
            6 => _random.Next(-3, 4),
            _ => _random.NextDouble() * 4 - 2,
        };
        return _single ? (float)value : value;
    }

    double Leaf()
    {
        var value = _random.NextDouble() - 0.5;
        return _single ? (float)value : value;
    }

    DecisionTree Grow(int features, int deepest, int largest, MissingKind[] missing, bool[] categorical)
    {
        var nodes = new List<TreeNode> { LeafNode() };
        var depths = new List<int> { 0 };
        var categories = new List<int>();
        var leaves = new List<int> { 0 };
        var wanted = _random.Next(1, largest + 1);
        while (leaves.Count < wanted && leaves.Any(l => depths[l] < deepest))
        {
            var open = leaves.Where(l => depths[l] < deepest).ToList();
            var at = open[_random.Next(open.Count)];
            leaves.Remove(at);
            var feature = _random.Next(features);
            var node = new TreeNode
            {
                Kind = categorical[feature] ? (_single ? SplitKind.CategoriesRight : SplitKind.CategoriesLeft) : _single && _random.Next(4) > 0 ? SplitKind.Less : SplitKind.LessOrEqual,
                Missing = missing[feature],
                DefaultLeft = _random.Next(2) == 0,
                Feature = feature,
                Left = nodes.Count,
                Right = nodes.Count + 1,
                Threshold = _thresholds[feature][_random.Next(_thresholds[feature].Count)],
                CategoryStart = categories.Count,
            };
            if (categorical[feature])
            {
                var set = Enumerable.Range(0, 80).Where(_ => _random.Next(3) == 0).ToArray();
                categories.AddRange(set);
                node.CategoryCount = set.Length;
            }

            nodes[at] = node;
            for (var c = 0; c < 2; c++)
            {
                leaves.Add(nodes.Count);
                depths.Add(depths[at] + 1);
                nodes.Add(LeafNode());
            }
        }

        var tree = new DecisionTree { Nodes = [.. nodes], Categories = [.. categories] };
        tree.Validate(features).ShouldBeNull();
        return tree;
    }

    TreeNode LeafNode() => new() { Kind = SplitKind.Leaf, Value = Leaf() };
}
