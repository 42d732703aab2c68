using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>A tree of an ONNX ensemble: structure once, leaf weights per target.</summary>
internal sealed class OnnxTree
{
    public required long Id { get; init; }

    public required TreeNode[] Nodes { get; init; }

    public int[] Categories { get; init; } = [];

    public Dictionary<(int Node, int Target), double> Weights { get; } = [];

    public HashSet<int> Targets { get; } = [];

    public DecisionTree For(int target)
    {
        var nodes = (TreeNode[])Nodes.Clone();
        for (var i = 0; i < nodes.Length; i++)
        {
            if (nodes[i].IsLeaf)
            {
                nodes[i].Value = Weights.GetValueOrDefault((i, target));
            }
        }

        return new DecisionTree { Nodes = nodes, Categories = Categories };
    }
}

/// <summary>The attributes of the three tree operators in one shape.</summary>
internal sealed class OnnxEnsemble
{
    public List<OnnxTree> Trees { get; } = [];

    public int Targets { get; private set; } = 1;

    public double[] Bases { get; private set; } = [0.0];

    public bool Average { get; private set; }

    /// <summary>Thresholds are tensors of float64, so rows are compared and leaves are summed in that type.</summary>
    public bool InDouble { get; private init; }

    public string PostTransform { get; private set; } = "NONE";

    public int HighestFeature { get; private set; }

    /// <summary>TreeEnsembleRegressor and TreeEnsembleClassifier.</summary>
    public static OnnxEnsemble ReadClassic(OnnxNode node)
    {
        var result = new OnnxEnsemble { PostTransform = node.Text("post_transform", "NONE"), InDouble = node.IsDouble("nodes_values_as_tensor") };
        var classifier = node.Operator == "TreeEnsembleClassifier";
        var prefix = classifier ? "class" : "target";
        var trees = node.Integers("nodes_treeids");
        var count = trees.Length;
        var ids = node.Integers("nodes_nodeids", count);
        var features = node.Integers("nodes_featureids", count);
        var values = node.Has("nodes_values_as_tensor") ? node.Numbers("nodes_values_as_tensor", count) : node.Numbers("nodes_values", count);
        var modes = node.Texts("nodes_modes", count);
        var yes = node.Integers("nodes_truenodeids", count);
        var no = node.Integers("nodes_falsenodeids", count);
        var tracks = node.Has("nodes_missing_value_tracks_true") && node.Integers("nodes_missing_value_tracks_true").Length > 0 ? node.Integers("nodes_missing_value_tracks_true", count) : new long[count];
        var rates = node.Has("nodes_hitrates") && node.Numbers("nodes_hitrates").Length > 0 ? node.Numbers("nodes_hitrates", count) : new double[count];
        var places = new Dictionary<(long, long), (OnnxTree Tree, int Index)>();
        for (var start = 0; start < count;)
        {
            var end = start;
            while (end < count && trees[end] == trees[start])
            {
                end++;
            }

            var tree = new OnnxTree { Id = trees[start], Nodes = new TreeNode[end - start] };
            for (var i = start; i < end; i++)
            {
                if (!places.TryAdd((trees[i], ids[i]), (tree, i - start)))
                {
                    throw node.Error($"tree {trees[i]} names node {ids[i]} twice, or its nodes are not together");
                }
            }

            for (var i = start; i < end; i++)
            {
                var split = modes[i] == "LEAF"
                    ? new TreeNode { Kind = SplitKind.Leaf, LeafId = (int)Math.Clamp(ids[i], 0, int.MaxValue), Cover = Finite(rates[i]) }
                    : result.Split(node, modes[i], features[i], values[i], Find(yes[i]), Find(no[i]), tracks[i] != 0, rates[i]);
                tree.Nodes[i - start] = split;

                int Find(long id) => places.TryGetValue((trees[start], id), out var place) && place.Tree == tree ? place.Index : int.MaxValue;
            }

            result.Trees.Add(tree);
            start = end;
        }

        ReadWeights(node, prefix, result, places, classifier);
        result.Average = node.Text("aggregate_function", "SUM") switch
        {
            "SUM" => false,
            "AVERAGE" => true,
            var other => throw node.Error($"the aggregate_function '{other}' is not supported; SUM and AVERAGE are"),
        };
        result.SetBases(node, node.Has("base_values_as_tensor") ? node.Numbers("base_values_as_tensor") : node.Numbers("base_values"));
        return result;
    }

    static void ReadWeights(OnnxNode node, string prefix, OnnxEnsemble result, Dictionary<(long, long), (OnnxTree Tree, int Index)> places, bool classifier)
    {
        var trees = node.Integers($"{prefix}_treeids");
        var nodes = node.Integers($"{prefix}_nodeids", trees.Length);
        var targets = node.Integers($"{prefix}_ids", trees.Length);
        var weights = node.Has($"{prefix}_weights_as_tensor") ? node.Numbers($"{prefix}_weights_as_tensor", trees.Length) : node.Numbers($"{prefix}_weights", trees.Length);
        if (classifier)
        {
            var labels = Math.Max(node.Integers("classlabels_int64s").Length, node.Texts("classlabels_strings").Length);
            // Two classes with weights for one of them only is ONNX's binary case: one margin, that of the second class.
            result.Targets = labels <= 2 && targets.Distinct().Count() <= 1 ? 1 : labels;
            if (result.Targets == 1)
            {
                targets = new long[targets.Length];
            }
        }
        else
        {
            result.Targets = (int)Math.Clamp(node.Integer("n_targets", 1), 0, int.MaxValue);
        }

        if (result.Targets is < 1 or > 1 << 20)
        {
            throw node.Error($"the ensemble has {result.Targets} targets; allowed: 1 to {1 << 20}");
        }

        for (var i = 0; i < trees.Length; i++)
        {
            if (!places.TryGetValue((trees[i], nodes[i]), out var place) || !place.Tree.Nodes[place.Index].IsLeaf)
            {
                throw node.Error($"{prefix}_nodeids[{i}] names node {nodes[i]} of tree {trees[i]}, which is no leaf");
            }

            result.AddWeight(node, place.Tree, place.Index, targets[i], weights[i]);
        }
    }

    /// <summary>TreeEnsemble of ai.onnx.ml 5: leaves in arrays of their own, trees by their root.</summary>
    public static OnnxEnsemble ReadCurrent(OnnxNode node)
    {
        var result = new OnnxEnsemble { Targets = (int)Math.Clamp(node.Integer("n_targets", 1), 0, int.MaxValue), InDouble = node.IsDouble("nodes_splits") };
        if (result.Targets is < 1 or > 1 << 20)
        {
            throw node.Error($"n_targets is {result.Targets}; allowed: 1 to {1 << 20}");
        }

        result.PostTransform = node.Integer("post_transform", 0) switch { 0 => "NONE", 1 => "SOFTMAX", 2 => "LOGISTIC", 3 => "SOFTMAX_ZERO", 4 => "PROBIT", var other => $"{other}" };
        result.Average = node.Integer("aggregate_function", 1) switch
        {
            0 => true,
            1 => false,
            var other => throw node.Error($"the aggregate_function {other} is not supported; 0 (average) and 1 (sum) are"),
        };
        var reader = new OnnxCurrentTrees(node, result);
        foreach (var root in node.Integers("tree_roots"))
        {
            result.Trees.Add(reader.Read(root));
        }

        result.SetBases(node, []);
        return result;
    }

    public void AddWeight(OnnxNode node, OnnxTree tree, int index, long target, double weight)
    {
        if (target < 0 || target >= Targets)
        {
            throw node.Error($"a leaf names the target {target}; allowed: 0 to {Targets - 1}");
        }

        tree.Targets.Add((int)target);
        tree.Weights[(index, (int)target)] = weight;
    }

    /// <summary>Modes that ask "greater" or "unequal" become their opposite with the children swapped.</summary>
    public TreeNode Split(OnnxNode node, string mode, long feature, double value, int yes, int no, bool tracks, double cover)
    {
        if (feature is < 0 or >= int.MaxValue)
        {
            throw node.Error($"a split names the feature {feature}; allowed: 0 and more");
        }

        HighestFeature = Math.Max(HighestFeature, (int)feature);
        var (kind, swap) = mode switch
        {
            "BRANCH_LEQ" => (SplitKind.LessOrEqual, false),
            "BRANCH_LT" => (SplitKind.Less, false),
            "BRANCH_GT" => (SplitKind.LessOrEqual, true),
            "BRANCH_GTE" => (SplitKind.Less, true),
            "BRANCH_EQ" => (SplitKind.Equal, false),
            "BRANCH_NEQ" => (SplitKind.Equal, true),
            _ => throw node.Error($"the mode '{mode}' is not known; known: LEAF, BRANCH_LEQ, _LT, _GT, _GTE, _EQ, _NEQ"),
        };
        // NaN is unequal to everything, so NEQ sends it to the true child whether or not missing values are tracked.
        var missingIsTrue = tracks || mode == "BRANCH_NEQ";
        return new TreeNode
        {
            Kind = kind,
            DefaultLeft = missingIsTrue != swap,
            Feature = (int)feature,
            Left = swap ? no : yes,
            Right = swap ? yes : no,
            Threshold = InDouble ? value : (float)value,
            Cover = Finite(cover),
        };
    }

    static double Finite(double value) => double.IsFinite(value) ? value : 0;

    void SetBases(OnnxNode node, double[] bases)
    {
        Bases = bases.Length == 0 ? new double[Targets]
            : bases.Length == Targets ? [.. bases.Select(b => InDouble ? b : (float)b)]
            : throw node.Error($"base_values has {bases.Length} values for {Targets} targets");
        if (Bases.Any(b => !double.IsFinite(b)))
        {
            throw node.Error("base_values holds a value that is no finite number");
        }
    }
}
