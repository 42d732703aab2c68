using System.Text;

namespace Fettle.Forests.Tests.Xgboost;

public sealed class XgboostJsonTests
{
    /// <summary>Two trees on two features; the split of the second sends missing values right.</summary>
    const string Model = """
        {"learner":{"attributes":{"best_iteration":"0"},"feature_names":["a","b"],"feature_types":["float","float"],
        "gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"2"},"tree_info":[0,0],"trees":[
        {"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[1,0,0],"left_children":[1,-1,-1],"right_children":[2,-1,-1],
         "split_conditions":[5E-1,-2.5E-1,7.5E-1],"split_indices":[0,0,0],"split_type":[0,0,0],"loss_changes":[1E0,0E0,NaN],"sum_hessian":[4E0,1E0,3E0],"tree_param":{"num_nodes":"3","size_leaf_vector":"0"}},
        {"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[0,0,0],"left_children":[1,-1,-1],"right_children":[2,-1,-1],
         "split_conditions":[-1E0,1E-1,2E-1],"split_indices":[1,0,0],"split_type":[0,0,0],"loss_changes":[1E0,0E0,0E0],"sum_hessian":[4E0,1E0,3E0],"tree_param":{"num_nodes":"3","size_leaf_vector":"0"}}]},
        "name":"gbtree"},"learner_model_param":{"base_score":"0E0","num_class":"0","num_feature":"2","num_target":"1"},"objective":{"name":"binary:logitraw"}},"version":[1,7,4]}
        """;

    static Forest Load(string text, ForestOptions? options = null) => Forest.Load(Encoding.UTF8.GetBytes(text), "model.json", options);

    [Theory]
    [InlineData(0f, -2f, -0.25f + 0.1f)]
    [InlineData(0.5f, -2f, 0.75f + 0.1f)]
    [InlineData(0.49999997f, -1f, -0.25f + 0.2f)]
    [InlineData(float.NaN, float.NaN, -0.25f + 0.2f)]
    [InlineData(float.PositiveInfinity, float.NegativeInfinity, 0.75f + 0.1f)]
    [InlineData(-0f, -0f, -0.25f + 0.2f)]
    public void Row_WalksLeftBelowTheThresholdAndTakesTheDefaultWhenMissing(float a, float b, float margin) =>
        Load(Model).Predict([a, b]).ShouldBe(margin);

    [Fact]
    public void BestIteration_UsesTheTreesUpToIt()
    {
        Load(Model, new ForestOptions { UseBestIteration = true }).Predict([0f, -2f]).ShouldBe(-0.25f);
        Load(Model).Model.Attributes["best_iteration"].ShouldBe("0");
    }

    [Fact]
    public void Names_AreRead()
    {
        var model = Load(Model).Model;
        model.FeatureNames.ShouldBe(["a", "b"]);
        model.TrainerVersion.ShouldBe("1.7.4");
        (model.TreeCount, model.LeafCount, model.Depth).ShouldBe((2, 4, 1));
    }

    [Theory]
    [InlineData("\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\n \"split_conditions\":[5E-1", "\"left_children\":[0,-1,-1],\"right_children\":[2,-1,-1],\n \"split_conditions\":[5E-1", "reached twice")]
    [InlineData("\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\n \"split_conditions\":[5E-1", "\"left_children\":[9,-1,-1],\"right_children\":[2,-1,-1],\n \"split_conditions\":[5E-1", "child 9")]
    [InlineData("[5E-1,-2.5E-1,7.5E-1]", "[NaN,-2.5E-1,7.5E-1]", "threshold NaN")]
    [InlineData("[5E-1,-2.5E-1,7.5E-1]", "[5E-1,Infinity,7.5E-1]", "leaf value")]
    [InlineData("\"num_trees\":\"2\"", "\"num_trees\":\"1000000000\"", "1000000000 trees")]
    [InlineData("\"num_feature\":\"2\"", "\"num_feature\":\"1\"", "feature 1")]
    [InlineData("binary:logitraw", "binary:strange", "binary:strange")]
    [InlineData("\"tree_info\":[0,0]", "\"tree_info\":[0,1]", "tree_info[1]")]
    public void InconsistentFile_IsOneErrorWithThePlace(string right, string wrong, string expected)
    {
        var text = Model.ReplaceLineEndings("\n");
        text.ShouldContain(right);
        var error = Should.Throw<ModelFormatException>(() => Load(text.Replace(right, wrong)));
        error.Message.ShouldContain(expected);
        error.Message.ShouldStartWith("model.json: byte ");
    }

    [Fact]
    public void TruncatedFile_IsRefusedAtEveryLength()
    {
        var bytes = Encoding.UTF8.GetBytes(Model);
        for (var length = 0; length < bytes.Length; length++)
        {
            Should.Throw<ModelFormatException>(() => Forest.Load(bytes[..length], "model.json"));
        }
    }
}
