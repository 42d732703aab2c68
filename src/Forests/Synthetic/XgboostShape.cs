using System.Globalization;
using System.Text.Json.Nodes;

namespace Fettle.Forests;

/// <summary>
/// The document XGBoost saves, in the shape of a major version. 2.0 brought iteration_indptr and one value per leaf vector, 3.1 base_score as a list
/// and the categories of the training data.
/// </summary>
internal static class XgboostShape
{
    static readonly int[][] Versions = [[1, 7, 4], [2, 1, 4], [3, 1, 1]];

    public static JsonObject Create(SyntheticModel model)
    {
        var random = new Random(model.Seed);
        var thresholds = model.DrawThresholds(random);
        var margins = Math.Max(1, model.Classes);
        var trees = new JsonArray();
        for (var t = 0; t < model.Trees * margins; t++)
        {
            trees.Add(Tree(model, random, thresholds, t));
        }

        var parameters = new JsonObject { ["num_parallel_tree"] = "1", ["num_trees"] = Text(trees.Count) };
        var content = new JsonObject { ["gbtree_model_param"] = parameters, ["tree_info"] = Numbers(Enumerable.Range(0, trees.Count).Select(t => t % margins)), ["trees"] = trees };
        if (model.XgboostVersion == 1)
        {
            parameters["size_leaf_vector"] = "0";
        }
        else
        {
            content["iteration_indptr"] = Numbers(Enumerable.Range(0, model.Trees + 1).Select(i => i * margins));
        }

        if (model.XgboostVersion == 3)
        {
            content["cats"] = new JsonObject { ["enc"] = new JsonArray(), ["feature_segments"] = new JsonArray(), ["sorted_idx"] = new JsonArray() };
        }

        var booster = new JsonObject { ["model"] = content, ["name"] = "gbtree" };
        if (model.Dart)
        {
            booster = new JsonObject { ["gbtree"] = booster, ["name"] = "dart", ["weight_drop"] = Reals(Enumerable.Range(0, trees.Count).Select(t => 0.875f / (1 + t % 3))) };
        }

        return new JsonObject
        {
            ["learner"] = new JsonObject
            {
                ["attributes"] = new JsonObject(),
                ["feature_names"] = new JsonArray(),
                ["feature_types"] = new JsonArray(),
                ["gradient_booster"] = booster,
                ["learner_model_param"] = Learner(model),
                ["objective"] = Objective(model),
            },
            ["version"] = Numbers(Versions[model.XgboostVersion - 1]),
        };
    }

    /// <summary>The trainer's own parameters of an objective, which it wants to find again.</summary>
    static JsonObject Objective(SyntheticModel model) => model.Objective.StartsWith("multi:", StringComparison.Ordinal)
        ? new JsonObject { ["name"] = model.Objective, ["softmax_multiclass_param"] = new JsonObject { ["num_class"] = Text(model.Classes) } }
        : new JsonObject { ["name"] = model.Objective, ["reg_loss_param"] = new JsonObject { ["scale_pos_weight"] = "1" } };

    static JsonObject Learner(SyntheticModel model)
    {
        var learner = new JsonObject
        {
            ["base_score"] = model.XgboostVersion == 3 ? "[" + string.Join(",", Enumerable.Repeat("5E-1", Math.Max(1, model.Classes))) + "]" : "5E-1",
            ["num_class"] = Text(model.Classes),
            ["num_feature"] = Text(model.Features),
            ["num_target"] = "1",
        };
        if (model.XgboostVersion > 1)
        {
            learner["boost_from_average"] = "1";
        }

        return learner;
    }

    /// <summary>A full tree, breadth first: the children of node i are 2i + 1 and 2i + 2.</summary>
    static JsonObject Tree(SyntheticModel model, Random random, double[][] thresholds, int number)
    {
        var splits = (1 << model.Depth) - 1;
        var count = 2 * splits + 1;
        var (left, right, parents, features, conditions, defaults) = (new int[count], new int[count], new int[count], new int[count], new float[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            parents[i] = i == 0 ? int.MaxValue : (i - 1) / 2;
            if (i >= splits)
            {
                (left[i], right[i], conditions[i]) = (-1, -1, (float)(0.05 * SyntheticModel.Normal(random)));
                continue;
            }

            (left[i], right[i], features[i], defaults[i]) = (2 * i + 1, 2 * i + 2, random.Next(model.Features), random.Next(2));
            conditions[i] = (float)thresholds[features[i]][random.Next(model.Thresholds)];
        }

        return new JsonObject
        {
            ["base_weights"] = Reals(conditions),
            ["categories"] = new JsonArray(),
            ["categories_nodes"] = new JsonArray(),
            ["categories_segments"] = new JsonArray(),
            ["categories_sizes"] = new JsonArray(),
            ["default_left"] = Numbers(defaults),
            ["id"] = number,
            ["left_children"] = Numbers(left),
            ["loss_changes"] = Reals(left.Select(l => l < 0 ? 0.25f : 1.5f)),
            ["parents"] = Numbers(parents),
            ["right_children"] = Numbers(right),
            ["split_conditions"] = Reals(conditions),
            ["split_indices"] = Numbers(features),
            ["split_type"] = Numbers(new int[count]),
            ["sum_hessian"] = Reals(Enumerable.Range(1, count).Select(i => 1024.5f / (1 << (int)Math.Log2(i)))),
            ["tree_param"] = new JsonObject
            {
                ["num_deleted"] = "0", ["num_feature"] = Text(model.Features), ["num_nodes"] = Text(count), ["size_leaf_vector"] = model.XgboostVersion == 1 ? "0" : "1",
            },
        };
    }

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    static JsonArray Numbers(IEnumerable<int> values) => [.. values.Select(v => (JsonNode)v)];

    /// <summary>XGBoost refuses a real number without a fraction, so none of the values given here is whole.</summary>
    static JsonArray Reals(IEnumerable<float> values) => [.. values.Select(v => (JsonNode)v)];
}
