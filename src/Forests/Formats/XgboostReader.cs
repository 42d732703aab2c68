using System.Globalization;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>
/// Reads the model document of XGBoost 1.x to 3.x (gbtree, dart, gblinear), from JSON or UBJSON.
/// Dart weights are folded into the leaves rounded to float32 as XGBoost does.
/// </summary>
internal static class XgboostReader
{
    const int MaxFeatures = 1 << 24;

    public static ForestModel Read(DocumentNode root, ForestFormat format, bool useBestIteration, int fileBytes)
    {
        var learner = root.Expect(DocumentKind.Object, "document").Get("learner").Expect(DocumentKind.Object, "learner");
        var parameters = learner.Get("learner_model_param");
        var features = parameters.GetInteger("num_feature", 0, MaxFeatures);
        var classes = parameters.GetInteger("num_class", 0, 1 << 20, missing: 0);
        var targets = parameters.GetInteger("num_target", 0, 1 << 20, missing: 1);
        var margins = Math.Max(1, Math.Max(classes, targets));
        if (margins > fileBytes)
        {
            throw parameters.Error($"the model has {margins} classes or targets in a file of {fileBytes} bytes");
        }

        var objectiveNode = learner.Get("objective");
        var objective = objectiveNode.GetText("name");
        var (link, toMargin) = XgboostObjective.Find(objective)
            ?? throw objectiveNode.Error($"the objective '{objective}' is not known; known: binary:*, multi:*, reg:*, count:poisson, rank:*, survival:cox, survival:aft");
        var bases = ReadBaseScores(parameters, margins).Select(b => (double)toMargin(b)).ToArray();
        if (bases.Any(b => !double.IsFinite(b)))
        {
            throw parameters.Error($"base_score gives a margin that is no finite number under {objective}");
        }

        var attributes = ReadAttributes(learner);
        var booster = learner.Get("gradient_booster").Expect(DocumentKind.Object, "gradient_booster");
        var name = booster.GetText("name");
        var weights = name == "dart" ? booster.GetSingles("weight_drop") : null;
        var (trees, groups, linear) = name switch
        {
            "gbtree" => ReadTrees(booster.Get("model"), features, margins),
            "dart" => ReadTrees(booster.Get("gbtree").Get("model"), features, margins),
            "gblinear" => ([], [], booster.Get("model").GetSingles("weights", checked((features + 1) * margins))),
            _ => throw booster.Error($"the booster '{name}' is not known; known: gbtree, dart, gblinear"),
        };
        if (weights is not null)
        {
            FoldWeights(booster, trees, weights);
        }

        if (useBestIteration && linear.Length == 0)
        {
            (trees, groups) = Best(learner, booster, attributes, trees, groups, margins);
        }

        return new ForestModel
        {
            Format = format,
            TrainerVersion = root.Find("version") is { Kind: DocumentKind.Numbers } ? string.Join('.', root.GetIntegers("version")) : "",
            Objective = objective,
            Arithmetic = ForestArithmetic.Single,
            Link = link,
            FeatureCount = features,
            FeatureNames = learner.GetTexts("feature_names"),
            FeatureTypes = learner.GetTexts("feature_types"),
            Attributes = attributes,
            MarginCount = margins,
            BaseMargins = bases,
            Trees = trees,
            TreeMargins = groups,
            LinearWeights = linear,
        };
    }

    /// <summary>"5E-1" up to 3.0, "[5E-1]" or one value per target from 3.1 on, a bare number in hand-made files.</summary>
    static float[] ReadBaseScores(DocumentNode parameters, int margins)
    {
        var node = parameters.Get("base_score");
        float[] values;
        if (node.Kind == DocumentKind.String)
        {
            var parts = node.Text.Trim().TrimStart('[').TrimEnd(']').Split(',');
            values = new float[parts.Length];
            for (var i = 0; i < parts.Length; i++)
            {
                if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]))
                {
                    throw node.Error($"base_score is '{node.Text}'; a number or [number, …] is needed");
                }
            }
        }
        else if (node.Kind == DocumentKind.Numbers)
        {
            values = parameters.GetSingles("base_score");
        }
        else
        {
            values = [parameters.GetSingle("base_score")];
        }

        return values.Length == margins ? values
            : values.Length == 1 ? [.. Enumerable.Repeat(values[0], margins)]
            : throw node.Error($"base_score has {values.Length} values; the model has {margins} margins");
    }

    static Dictionary<string, string> ReadAttributes(DocumentNode learner)
    {
        var attributes = new Dictionary<string, string>();
        foreach (var (name, value) in learner.Find("attributes")?.Members ?? [])
        {
            if (value.Kind == DocumentKind.String)
            {
                attributes[name] = value.Text;
            }
        }

        return attributes;
    }

    static (DecisionTree[] Trees, int[] Groups, float[] Linear) ReadTrees(DocumentNode model, int features, int margins)
    {
        var elements = model.Get("trees").Elements("trees");
        var declared = model.Get("gbtree_model_param").GetInteger("num_trees", 0, int.MaxValue);
        if (declared != elements.Count)
        {
            throw model.Error($"num_trees says {declared} trees, the file holds {elements.Count}");
        }

        var groups = model.GetIntegers("tree_info", elements.Count);
        var trees = new DecisionTree[elements.Count];
        for (var t = 0; t < trees.Length; t++)
        {
            if ((uint)groups[t] >= (uint)margins)
            {
                throw model.Error($"tree_info[{t}] is {groups[t]}; allowed: 0 to {margins - 1}");
            }

            trees[t] = XgboostTreeReader.Read(elements[t], t, features);
        }

        return (trees, groups, []);
    }

    /// <summary>Dart multiplies each leaf with its tree's weight, in float32, before it is added.</summary>
    static void FoldWeights(DocumentNode booster, DecisionTree[] trees, float[] weights)
    {
        if (weights.Length != trees.Length)
        {
            throw booster.Error($"weight_drop has {weights.Length} values for {trees.Length} trees");
        }

        for (var t = 0; t < trees.Length; t++)
        {
            var nodes = trees[t].Nodes;
            for (var n = 0; n < nodes.Length; n++)
            {
                nodes[n].Value = (float)nodes[n].Value * weights[t];
            }
        }
    }

    static (DecisionTree[] Trees, int[] Groups) Best(
        DocumentNode learner, DocumentNode booster, Dictionary<string, string> attributes, DecisionTree[] trees, int[] groups, int margins)
    {
        if (!attributes.TryGetValue("best_iteration", out var text))
        {
            return (trees, groups);
        }

        if (!int.TryParse(text, CultureInfo.InvariantCulture, out var best) || best < 0)
        {
            throw learner.Error($"best_iteration is '{text}'; a number of 0 or more is needed");
        }

        var model = booster.Find("model") ?? booster.Get("gbtree").Get("model");
        long end;
        if (model.Find("iteration_indptr") is not null)
        {
            var starts = model.GetIntegers("iteration_indptr");
            end = best + 1 < starts.Length ? starts[best + 1] : trees.Length;
        }
        else
        {
            end = (best + 1L) * margins * Math.Max(1, model.Get("gbtree_model_param").GetInteger("num_parallel_tree", 0, int.MaxValue, missing: 1));
        }

        if (end < 0)
        {
            throw model.Error($"iteration_indptr[{best + 1}] is {end}; it is 0 or more");
        }

        var count = (int)Math.Min(end, trees.Length);
        return (trees[..count], groups[..count]);
    }
}
