using Fettle.Forests.Tests.Xgboost;

namespace Fettle.Forests.Tests.Formats;

[Trait("Category", "Slow")]
public sealed class RoundTripTests
{
    static readonly ForestOptions Plain = new() { Kernel = ForestKernel.Plain };

    [Fact]
    public void Binary_KeepsEveryBit()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new RandomForest(seed);
            var before = new Forest(random.Model, Plain);
            foreach (var statistics in new[] { true, false })
            {
                Same(before, Forest.Load(before.ToBinary(keepStatistics: statistics), "memory", Plain), random.Rows(200), 200, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Onnx_KeepsEveryBitOfSinglePrecisionModels()
    {
        var written = 0;
        for (var seed = 0; seed < 120; seed++)
        {
            var random = new RandomForest(seed);
            var model = random.Model;
            if (model.Arithmetic == ForestArithmetic.Double || model.AverageOver != 1 || model.Trees.Any(t => t.Categories.Length > 0) || Categorical(model))
            {
                continue;
            }

            var before = new Forest(model, Plain);
            Same(before, Forest.Load(before.ToOnnx(), "memory.onnx", Plain), random.Rows(200), 200, $"seed {seed}");
            written++;
        }

        written.ShouldBeGreaterThan(15);
    }

    [RequiresXgboostFact]
    public void XgboostToOnnxToBinary_KeepsTheTrainersBits()
    {
        foreach (var trained in XgboostTraining.Cases.Values)
        {
            var forest = trained.Forest;
            var rows = trained.Values("rows");
            Same(forest, Forest.Load(forest.ToBinary(), trained.Name, Plain), rows, trained.Rows, trained.Name + " binary");
            if (trained.Name.Contains("categor", StringComparison.Ordinal) || trained.Name.Contains("onehot", StringComparison.Ordinal)
                || trained.Name.StartsWith("linear", StringComparison.Ordinal) || trained.Name.StartsWith("hinge", StringComparison.Ordinal))
            {
                Should.Throw<NotSupportedException>(() => forest.ToOnnx(), trained.Name);
                continue;
            }

            var onnx = Forest.Load(forest.ToOnnx(), trained.Name, Plain);
            if (forest.Model.Link != ForestLink.ExponentialInDouble)
            {
                Same(forest, onnx, rows, trained.Rows, trained.Name + " onnx");
            }

            onnx.Model.FeatureNames.ShouldBe(forest.Model.FeatureNames);
            Same(onnx, Forest.Load(onnx.ToBinary(), trained.Name, Plain), rows, trained.Rows, trained.Name + " onnx binary");
        }
    }

    [RequiresXgboostFact]
    public void Binary_KeepsContributionsAndLeafNumbers()
    {
        var trained = XgboostTraining.Cases["logistic-missing"];
        var (before, rows) = (trained.Forest, trained.Values("rows"));
        var after = Forest.Load(before.ToBinary(), "memory");
        var (a, b) = (new double[trained.Features + 1], new double[trained.Features + 1]);
        var (la, lb) = (new int[trained.Trees], new int[trained.Trees]);
        for (var r = 0; r < trained.Rows; r++)
        {
            var row = rows.AsSpan(r * trained.Features, trained.Features);
            before.Contributions(row, a);
            after.Contributions(row, b);
            SameBits.ShouldHold(b, a, $"row {r}");
            before.LeafIndices(row, la);
            after.LeafIndices(row, lb);
            lb.ShouldBe(la);
        }

        after.Importances(FeatureImportance.Gain).ShouldBe(before.Importances(FeatureImportance.Gain));
        Should.Throw<NotSupportedException>(() => Forest.Load(before.ToBinary(keepStatistics: false), "memory").Contributions(rows.AsSpan(0, trained.Features), a));
    }

    [Fact]
    public void DoubleThresholds_AreRoundedDownForOnnx_SoEveryFloatRowKeepsItsLeaf()
    {
        var checkedRows = 0;
        for (var seed = 0; seed < 120; seed++)
        {
            var random = new RandomForest(seed, zeroAsMissing: false);
            var model = random.Model;
            if (model.Arithmetic == ForestArithmetic.Single || Categorical(model) || model.AverageOver != 1)
            {
                continue;
            }

            var before = new Forest(model, Plain);
            var after = Forest.Load(before.ToOnnx(), "memory.onnx", Plain);
            var rows = random.Rows(100);
            var (a, b) = (new int[model.TreeCount], new int[after.Model.TreeCount]);
            for (var r = 0; r < 100; r++)
            {
                // The oracle's leaves by value: leaf numbers are not kept for models in memory.
                for (var t = 0; t < model.TreeCount; t++)
                {
                    var row = rows.AsSpan(r * model.FeatureCount, model.FeatureCount);
                    a[t] = model.Trees[t].FindLeaf<float>(row);
                    b[t] = after.Model.Trees[t].FindLeaf<float>(row);
                }

                b.ShouldBe(a, $"seed {seed} row {r}");
                checkedRows++;
            }
        }

        checkedRows.ShouldBeGreaterThan(300);
    }

    [Fact]
    public void DamagedBinary_IsRefusedByItsChecksum()
    {
        var bytes = new Forest(new RandomForest(1).Model, Plain).ToBinary();
        for (var i = 0; i < bytes.Length; i += 37)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[i] ^= 4;
            Should.Throw<ModelFormatException>(() => Forest.Load(damaged, "damaged"));
            Should.Throw<ModelFormatException>(() => Forest.Load(bytes[..i], "short"));
        }
    }

    static bool Categorical(ForestModel model) => model.Trees.Any(t => t.Nodes.Any(n => n.Kind is Trees.SplitKind.CategoriesLeft or Trees.SplitKind.CategoriesRight));

    static void Same(Forest before, Forest after, float[] rows, int count, string subject)
    {
        after.FeatureCount.ShouldBeLessThanOrEqualTo(before.FeatureCount);
        after.OutputCount.ShouldBe(before.OutputCount);
        var (a, b) = (new double[count * before.OutputCount], new double[count * before.OutputCount]);
        before.Predict(rows, count, a);
        after.Predict(rows, count, b);
        SameBits.ShouldHold(b, a, subject);
    }
}
