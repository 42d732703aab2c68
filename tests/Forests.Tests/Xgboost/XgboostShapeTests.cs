using System.Runtime.InteropServices;

namespace Fettle.Forests.Tests.Xgboost;

/// <summary>The file shapes of XGBoost 1, 2 and 3 from the seeded writer: the same trees in every shape and encoding.</summary>
[Trait("Category", "Slow")]
public sealed class XgboostShapeTests
{
    internal static SyntheticModel Model(int version, bool dart = false, int classes = 0) => new()
    {
        Seed = 3, Trees = 12, Depth = 4, Features = 7, Thresholds = 40, XgboostVersion = version, Dart = dart, Classes = classes, Objective = classes > 0 ? "multi:softprob" : "binary:logistic",
    };

    [Theory]
    [InlineData(1, "1.7.4")]
    [InlineData(2, "2.1.4")]
    [InlineData(3, "3.1.1")]
    public void EveryShape_PredictsAlike(int version, string trainer)
    {
        foreach (var (dart, classes) in new[] { (false, 0), (true, 0), (false, 3), (true, 3) })
        {
            var expected = Predict(Forest.Load(Model(1, dart, classes).ToXgboostJson(), "first"));
            var model = Model(version, dart, classes);
            var json = Forest.Load(model.ToXgboostJson(), "model.json");
            json.Model.TrainerVersion.ShouldBe(trainer);
            json.Model.MarginCount.ShouldBe(Math.Max(1, classes));
            json.Model.TreeCount.ShouldBe(12 * Math.Max(1, classes));
            SameBits.ShouldHold(Predict(json), expected, $"{trainer} JSON dart {dart} classes {classes}");
            var binary = Forest.Load(model.ToXgboostUbjson(), "model.ubj");
            binary.Model.Format.ShouldBe(ForestFormat.XgboostUbjson);
            SameBits.ShouldHold(Predict(binary), expected, $"{trainer} UBJSON dart {dart} classes {classes}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void BestIteration_CutsByIterationsInEveryShape(int version)
    {
        var text = System.Text.Encoding.UTF8.GetString(Model(version, classes: 3).ToXgboostJson()).Replace("\"attributes\":{}", "\"attributes\":{\"best_iteration\":\"4\"}");
        var forest = Forest.Load(System.Text.Encoding.UTF8.GetBytes(text), "model.json", new ForestOptions { UseBestIteration = true });
        forest.Model.TreeCount.ShouldBe(15);
    }

    /// <summary>The writer's 1.x shape is XGBoost's own: it loads the file and predicts the same bits.</summary>
    [RequiresXgboostFact]
    public void FirstShape_IsReadByXgboostItself()
    {
        var cases = XgboostTraining.GivenCases.ToArray();
        cases.Length.ShouldBe(3);
        foreach (var given in cases)
        {
            var forest = Forest.Load(given.Json);
            var rows = Floats(given.Rows);
            var mine = new float[rows.Length / forest.FeatureCount * forest.OutputCount];
            forest.Predict(rows, rows.Length / forest.FeatureCount, mine);
            SameBits.ShouldHold(mine, Floats(given.Predictions), $"{XgboostTraining.Given[given.Number]}");
        }
    }

    static float[] Floats(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();

    static float[] Predict(Forest forest)
    {
        var rows = ThresholdRows.Create(forest.Model, 300, seed: 9, missing: 0.1);
        var outputs = new float[300 * forest.OutputCount];
        forest.Predict(rows, 300, outputs);
        return outputs;
    }
}
