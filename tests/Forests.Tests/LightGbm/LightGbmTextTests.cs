using System.Text;

namespace Fettle.Forests.Tests.LightGbm;

/// <summary>What the lines of LightGBM's text mean, by hand: objectives, missing values, category sets, averages, and what is refused.</summary>
public sealed class LightGbmTextTests
{
    const double Left = 0.5;
    const double Right = -1.25;

    /// <summary>One split on feature 0 at 2, left 0.5, right −1.25; and a tree of one leaf, 0.25.</summary>
    static string Model(string objective = "regression", string version = "v3", int decision = 0, string header = "", string threshold = "2", string tree = "") => $"""
        tree
        version={version}
        num_class=1
        num_tree_per_iteration=1
        max_feature_idx=1
        objective={objective}
        {header}feature_names=a b

        Tree=0
        num_leaves=2
        num_cat={decision & 1}
        split_feature=0
        split_gain=1
        threshold={threshold}
        decision_type={decision}
        left_child=-1
        right_child=-2
        leaf_value=0.5 -1.25
        leaf_count=3 4
        internal_count=7
        cat_boundaries=0 2
        cat_threshold=5 2147483648
        {tree}shrinkage=1

        Tree=1
        num_leaves=1
        num_cat=0
        leaf_value=0.25
        shrinkage=1

        end of trees
        """.ReplaceLineEndings("\n") + "\n";

    static Forest Load(string text) => Forest.Load(Encoding.ASCII.GetBytes(text), "model.txt");

    [Theory]
    [InlineData("regression", "same")]
    [InlineData("regression_l1", "same")]
    [InlineData("huber", "same")]
    [InlineData("quantile alpha:0.9", "same")]
    [InlineData("lambdarank", "same")]
    [InlineData("regression sqrt", "square")]
    [InlineData("poisson", "exp")]
    [InlineData("gamma", "exp")]
    [InlineData("tweedie tweedie_variance_power:1.5", "exp")]
    [InlineData("binary sigmoid:1", "logistic")]
    [InlineData("binary sigmoid:0.7", "logistic", 0.7)]
    [InlineData("cross_entropy", "logistic")]
    [InlineData("cross_entropy_lambda", "softplus")]
    public void Objective_TurnsTheMarginIntoThePrediction(string objective, string link, double scale = 1)
    {
        var forest = Load(Model(objective));
        (forest.Model.Objective, forest.Model.Arithmetic).ShouldBe((objective, ForestArithmetic.Double));
        (forest.PredictMargin([2.0, 0]), forest.PredictMargin([2.1, 0])).ShouldBe((Left + 0.25, Right + 0.25));
        forest.Predict([2.0, 0]).ShouldBe(Prediction(link, scale * (Left + 0.25)), 1e-15);
        forest.Predict([2.1, 0]).ShouldBe(Prediction(link, scale * (Right + 0.25)), 1e-15);
        var all = new double[2];
        forest.Predict([2.0, 0, 2.1, 0], 2, all);
        all.ShouldBe([forest.Predict([2.0, 0]), forest.Predict([2.1, 0])]);
    }

    static double Prediction(string link, double m) => link switch
    {
        "exp" => Math.Exp(m),
        "square" => Math.Sign(m) * m * m,
        "logistic" => 1 / (1 + Math.Exp(-m)),
        "softplus" => Math.Log(1 + Math.Exp(m)),
        _ => m,
    };

    /// <summary>Bits 2 and 3 of decision_type: 0 nothing is missing (NaN is 0), 1 zeros are, 2 NaN is; bit 1: missing values go left.</summary>
    [Theory]
    [InlineData(0, double.NaN, true)]
    [InlineData(2, double.NaN, true)]
    [InlineData(4, 0.0, false)]
    [InlineData(6, 0.0, true)]
    [InlineData(4, -1e-36, false)]
    [InlineData(4, 1e-36, false)]
    [InlineData(4, 1e-34, true)]
    [InlineData(4, double.NaN, false)]
    [InlineData(8, double.NaN, false)]
    [InlineData(10, double.NaN, true)]
    [InlineData(8, 0.0, true)]
    [InlineData(8, double.NegativeInfinity, true)]
    [InlineData(8, double.PositiveInfinity, false)]
    public void MissingValue_GoesWhereTheTypeSays(int decision, double value, bool left) =>
        Load(Model(decision: decision)).PredictMargin([value, 7]).ShouldBe((left ? Left : Right) + 0.25);

    [Fact]
    public void NothingMissing_NaNIsComparedAsZero() => Load(Model(threshold: "-1")).PredictMargin([double.NaN, 7]).ShouldBe(Right + 0.25);

    /// <summary>Two words of bits: 0 and 2, and 63.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2.9, true)]
    [InlineData(63, true)]
    [InlineData(62, false)]
    [InlineData(64, false)]
    [InlineData(1e9, false)]
    [InlineData(-1, false)]
    [InlineData(double.NaN, false)]
    public void Category_GoesLeftWhenItsBitIsSet(double value, bool left) =>
        Load(Model(decision: 1, threshold: "0")).PredictMargin([value, 7]).ShouldBe((left ? Left : Right) + 0.25);

    [Theory]
    [InlineData("v2")]
    [InlineData("v3")]
    [InlineData("v4")]
    public void EveryVersion_IsRead(string version) => Load(Model(version: version)).Model.TrainerVersion.ShouldBe(version);

    [Fact]
    public void AverageOutput_DividesByTheTrees()
    {
        Load(Model("binary sigmoid:1", header: "average_output\n")).PredictMargin([1.0, 0]).ShouldBe((Left + 0.25) / 2);
        // Random forests of v2 hold leaves that were converted before they were stored.
        Load(Model("binary sigmoid:1", version: "v2", header: "average_output\n")).Predict([1.0, 0]).ShouldBe((Left + 0.25) / 2);
    }

    [Theory]
    [InlineData("shrinkage=1\n\nTree=1", "is_linear=1\nshrinkage=1\n\nTree=1", "linear_tree=false")]
    [InlineData("version=v3", "version=v5", "known: v2, v3, v4")]
    [InlineData("objective=regression", "objective=strange", "the objective 'strange' is not known")]
    [InlineData("objective=regression", "objective=binary sigmoid:-1", "sigmoid:-1")]
    [InlineData("left_child=-1", "left_child=0", "reached twice")]
    [InlineData("right_child=-2", "right_child=-9", "child")]
    [InlineData("split_feature=0", "split_feature=2", "feature 2")]
    [InlineData("threshold=2", "threshold=nan", "NaN")]
    [InlineData("decision_type=0", "decision_type=16", "allowed: 0 to 11")]
    [InlineData("num_leaves=2", "num_leaves=2000000000", "num_leaves is 2000000000")]
    [InlineData("num_leaves=2", "num_leaves=3", "3 are needed")]
    [InlineData("end of trees", "", "may be truncated")]
    [InlineData("num_tree_per_iteration=1", "num_tree_per_iteration=3", "no multiple of 3")]
    public void InconsistentFile_IsOneErrorWithTheLine(string right, string wrong, string expected)
    {
        var text = Model();
        text.ShouldContain(right);
        var error = Should.Throw<ModelFormatException>(() => Load(text.Replace(right, wrong)));
        error.Message.ShouldContain(expected);
        error.Message.ShouldStartWith("model.txt: line ");
    }

    [Fact]
    public void CategorySetThatIsNotThere_IsRefused() =>
        Should.Throw<ModelFormatException>(() => Load(Model(decision: 1, threshold: "1"))).Message.ShouldContain("names the category set 1; the tree has 1");
}
