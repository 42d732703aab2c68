using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>
/// Reads an ONNX model whose work is one TreeEnsembleRegressor, TreeEnsembleClassifier (ai.onnx.ml 1–3) or TreeEnsemble (5), with the
/// tails that <see cref="OnnxWriter"/> adds. ONNX leaves the order of sums open; here the base comes first and then the trees in order, in float32,
/// or in float64 where thresholds are float64 tensors.
/// </summary>
internal static class OnnxReader
{
    const int MaxFeatures = 1 << 24;

    /// <summary>A leaf with several targets becomes a copy of the tree per target; copies beyond this multiple of the file's nodes are refused.</summary>
    const int MaxExpansion = 64;

    public static ForestModel Read(string file, byte[] bytes)
    {
        var document = OnnxDocument.Read(file, bytes);
        var ensembles = document.Nodes.Where(n => n.Operator.StartsWith("TreeEnsemble", StringComparison.Ordinal)).ToArray();
        if (ensembles.Length != 1)
        {
            throw new ModelFormatException($"the graph has {ensembles.Length} tree ensembles; one is needed (operators: {string.Join(", ", document.Nodes.Select(n => n.Operator).Take(8))})", file, "graph");
        }

        var ensemble = ensembles[0];
        var content = ensemble.Operator == "TreeEnsemble" ? OnnxEnsemble.ReadCurrent(ensemble) : OnnxEnsemble.ReadClassic(ensemble);
        var (link, scale) = Link(document, ensemble, content);
        if (content.InDouble && link == ForestLink.SoftmaxZero)
        {
            throw ensemble.Error("post_transform SOFTMAX_ZERO is known for float32 only");
        }

        var features = document.InputWidth > content.HighestFeature ? document.InputWidth : content.HighestFeature + 1;
        if (features > MaxFeatures)
        {
            throw ensemble.Error($"a split names the feature {features - 1}; allowed: 0 to {MaxFeatures - 1}");
        }

        var trees = new List<DecisionTree>();
        var margins = new List<int>();
        foreach (var source in content.Trees)
        {
            foreach (var target in source.Targets.Order())
            {
                if ((trees.Count + 1L) * source.Nodes.Length > (long)MaxExpansion * bytes.Length)
                {
                    throw ensemble.Error("leaves name so many targets that the trees would outgrow the file's size 64 times");
                }

                var tree = source.For(target);
                if (tree.Validate(features) is { } error)
                {
                    throw ensemble.Error($"tree {source.Id}: {error}");
                }

                trees.Add(tree);
                margins.Add(target);
            }
        }

        var names = document.Metadata.TryGetValue(OnnxWriter.NamesKey, out var text) ? text.Split('\n') : [];
        return new ForestModel
        {
            Format = ForestFormat.Onnx,
            TrainerVersion = document.Producer,
            Objective = document.Metadata.GetValueOrDefault(OnnxWriter.ObjectiveKey, ensemble.Operator),
            Arithmetic = content.InDouble ? ForestArithmetic.Double : ForestArithmetic.Single,
            Link = link,
            LinkScale = scale,
            FeatureCount = features,
            FeatureNames = names.Length == features ? names : [],
            MarginCount = content.Targets,
            BaseMargins = content.Bases,
            AverageOver = content.Average ? Math.Max(1, content.Trees.Count) : 1,
            Trees = [.. trees],
            TreeMargins = [.. margins],
        };
    }

    static (ForestLink Link, double Scale) Link(OnnxDocument document, OnnxNode ensemble, OnnxEnsemble content)
    {
        var link = content.PostTransform switch
        {
            "NONE" => ForestLink.Identity,
            "LOGISTIC" => ForestLink.Logistic,
            "SOFTMAX" => ForestLink.Softmax,
            "SOFTMAX_ZERO" => ForestLink.SoftmaxZero,
            "PROBIT" => ForestLink.Probit,
            var other => throw ensemble.Error($"the post_transform '{other}' is not known"),
        };
        double scale = 1;
        foreach (var node in document.Nodes.Where(n => n != ensemble))
        {
            switch (node.Operator)
            {
                case "Exp":
                    link = ForestLink.Exponential;
                    break;
                case "Sigmoid":
                    link = ForestLink.Logistic;
                    break;
                case "Mul" when node.Inputs.Count == 2 && document.Initializers.TryGetValue(node.Inputs[1], out var factor) && factor.Length == 1:
                    scale = factor[0];
                    break;
                case "Softmax":
                    link = ForestLink.Softmax;
                    break;
                case "ArgMax":
                    link = ForestLink.ArgMax;
                    break;
                case "Cast" or "Identity" or "ZipMap" or "Reshape":
                    break;
                default:
                    throw node.Error($"the operator '{node.Operator}' beside the ensemble is not known; known: Exp, Sigmoid, Softmax, Mul by a constant, ArgMax, Cast, Identity, Reshape, ZipMap");
            }
        }

        return (link, scale);
    }
}
