using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>
/// Writes a TreeEnsembleRegressor (ai.onnx.ml 1, opset 11, which every runtime has), with a small tail for links that the operator lacks.
/// float32 models keep every bit of thresholds and leaves. float64 models: thresholds are rounded toward minus infinity, which routes
/// every float32 row as before, and leaves to the nearest float32. Sigmoid and Softmax are operators of their own, because ONNX Runtime
/// ignores post_transform=LOGISTIC on a regressor with one target. Category splits and linear models have no form there and are refused.
/// </summary>
internal static class OnnxWriter
{
    internal const string NamesKey = "fettle.feature_names";
    internal const string ObjectiveKey = "fettle.objective";

    public static byte[] Write(ForestModel model)
    {
        if (model.IsLinear)
        {
            Throw.NotSupported("a linear model (gblinear) is no tree ensemble; ONNX is not written for it");
        }

        if (model.AverageOver != 1 && model.AverageOver != model.TreeCount)
        {
            Throw.NotSupported($"sums are divided by {model.AverageOver}, trees are {model.TreeCount}; ONNX can only average over all trees");
        }

        var post = model.Link switch
        {
            ForestLink.SoftmaxZero => "SOFTMAX_ZERO",
            ForestLink.Probit => "PROBIT",
            _ => "NONE",
        };
        var tail = Tail(model, post);
        var graph = new WireWriter()
            .Message(1, Ensemble(model, post, tail.Length == 0 ? "output" : "margin"));
        foreach (var node in tail)
        {
            graph.Message(1, node);
        }

        graph.Text(2, "fettle");
        if (model.Link == ForestLink.Logistic && model.LinkScale != 1)
        {
            graph.Message(5, new WireWriter().Integers(1, [1]).Integer(2, 1).Singles(4, [(float)model.LinkScale]).Text(8, "scale"));
        }

        graph.Message(11, Value("input", model.FeatureCount)).Message(12, Value("output", model.OutputCount));
        var result = new WireWriter().Integer(1, 6).Text(2, "fettle").Message(7, graph)
            .Message(8, new WireWriter().Text(1, "").Integer(2, 11))
            .Message(8, new WireWriter().Text(1, "ai.onnx.ml").Integer(2, 1))
            .Message(14, new WireWriter().Text(1, ObjectiveKey).Text(2, model.Objective));
        if (model.FeatureNames.Count > 0)
        {
            result.Message(14, new WireWriter().Text(1, NamesKey).Text(2, string.Join('\n', model.FeatureNames)));
        }

        return result.ToArray();
    }

    static WireWriter[] Tail(ForestModel model, string post) => model.Link switch
    {
        _ when post != "NONE" => [],
        ForestLink.Identity => [],
        ForestLink.Logistic when model.LinkScale == 1 => [Operator("Sigmoid", ["margin"], "output")],
        ForestLink.Softmax => [Operator("Softmax", ["margin"], "output").Message(5, Attribute("axis", 2).Integer(3, 1))],
        ForestLink.Logistic => [Operator("Mul", ["margin", "scale"], "scaled"), Operator("Sigmoid", ["scaled"], "output")],
        ForestLink.Exponential or ForestLink.ExponentialInDouble => [Operator("Exp", ["margin"], "output")],
        ForestLink.ArgMax => [
            Operator("ArgMax", ["margin"], "label").Message(5, Attribute("axis", 2).Integer(3, 1)).Message(5, Attribute("keepdims", 2).Integer(3, 1)),
            Operator("Cast", ["label"], "output").Message(5, Attribute("to", 2).Integer(3, 1)),
        ],
        _ => throw new NotSupportedException($"the link {model.Link} of '{model.Objective}' has no ONNX form here"),
    };

    static WireWriter Operator(string name, string[] inputs, string output)
    {
        var node = new WireWriter();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        return node.Text(2, output).Text(4, name);
    }

    static WireWriter Attribute(string name, int type) => new WireWriter().Text(1, name).Integer(20, type);

    static WireWriter Value(string name, int width) => new WireWriter().Text(1, name).Message(2, new WireWriter().Message(1, new WireWriter()
        .Integer(1, 1)
        .Message(2, new WireWriter().Message(1, new WireWriter().Text(2, "rows")).Message(1, new WireWriter().Integer(1, width)))));

    static WireWriter Ensemble(ForestModel model, string post, string output)
    {
        var columns = new Columns();
        for (var t = 0; t < model.Trees.Length; t++)
        {
            var nodes = model.Trees[t].Nodes;
            for (var n = 0; n < nodes.Length; n++)
            {
                columns.Add(t, n, in nodes[n], model);
            }
        }

        var node = new WireWriter().Text(1, "input").Text(2, output).Text(4, "TreeEnsembleRegressor").Text(7, "ai.onnx.ml");
        void Integers(string name, List<long> values) => node.Message(5, Attribute(name, 7).Integers(8, values));
        void Singles(string name, IEnumerable<float> values) => node.Message(5, Attribute(name, 6).Singles(7, values));
        Integers("nodes_treeids", columns.Trees);
        Integers("nodes_nodeids", columns.Ids);
        Integers("nodes_featureids", columns.Features);
        Singles("nodes_values", columns.Values);
        Singles("nodes_hitrates", columns.Covers);
        Integers("nodes_truenodeids", columns.Yes);
        Integers("nodes_falsenodeids", columns.No);
        Integers("nodes_missing_value_tracks_true", columns.Tracks);
        Integers("target_treeids", columns.LeafTrees);
        Integers("target_nodeids", columns.LeafIds);
        Integers("target_ids", columns.LeafTargets);
        Singles("target_weights", columns.Weights);
        var modes = Attribute("nodes_modes", 8);
        foreach (var mode in columns.Modes)
        {
            modes.Text(9, mode);
        }

        node.Message(5, modes);
        node.Message(5, Attribute("n_targets", 2).Integer(3, model.MarginCount));
        node.Message(5, Attribute("post_transform", 3).Text(4, post));
        node.Message(5, Attribute("aggregate_function", 3).Text(4, model.AverageOver == 1 ? "SUM" : "AVERAGE"));
        if (model.BaseMargins.Any(b => b != 0))
        {
            Singles("base_values", model.BaseMargins.Select(b => (float)b));
        }

        return node;
    }

    sealed class Columns
    {
        public readonly List<long> Trees = [], Ids = [], Features = [], Yes = [], No = [], Tracks = [], LeafTrees = [], LeafIds = [], LeafTargets = [];
        public readonly List<float> Values = [], Covers = [], Weights = [];
        public readonly List<string> Modes = [];

        public void Add(int tree, int index, in TreeNode node, ForestModel model)
        {
            Trees.Add(tree);
            Ids.Add(index);
            Covers.Add((float)node.Cover);
            Features.Add(node.Feature);
            Tracks.Add(node.IsLeaf || !node.DefaultLeft ? 0 : 1);
            Values.Add(node.IsLeaf ? 0 : Down(node.Threshold));
            Yes.Add(node.IsLeaf ? 0 : node.Left);
            No.Add(node.IsLeaf ? 0 : node.Right);
            if (!node.IsLeaf && node.Missing == MissingKind.Zero)
            {
                Throw.NotSupported("zeros are missing values in this model; ONNX knows NaN only");
            }

            if (!node.IsLeaf && node.Missing == MissingKind.None)
            {
                // NaN is compared as 0 there; the side that 0 takes is the default here.
                Tracks[^1] = 0 <= node.Threshold ? 1 : 0;
            }

            Modes.Add(node.Kind switch
            {
                SplitKind.Leaf => "LEAF",
                SplitKind.Less => "BRANCH_LT",
                SplitKind.LessOrEqual => "BRANCH_LEQ",
                SplitKind.Equal => "BRANCH_EQ",
                _ => throw new NotSupportedException($"tree {tree} splits on categories, which the ONNX operator does not have"),
            });
            if (node.IsLeaf)
            {
                LeafTrees.Add(tree);
                LeafIds.Add(index);
                LeafTargets.Add(model.TreeMargins[tree]);
                Weights.Add((float)node.Value);
            }
        }

        static float Down(double threshold)
        {
            var single = (float)threshold;
            return single > threshold ? MathF.BitDecrement(single) : single;
        }
    }
}
