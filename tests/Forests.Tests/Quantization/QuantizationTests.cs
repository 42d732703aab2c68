namespace Fettle.Forests.Tests.Quantization;

public sealed class QuantizationTests
{
    static readonly ForestOptions Plain = new() { Kernel = ForestKernel.Plain };
    static readonly byte[] Bytes = new SyntheticModel { Trees = 60, Depth = 5, Features = 10 }.ToXgboostJson();

    [Fact]
    public void RankFile_IsASixthOfOnnxWithIdenticalLeaves()
    {
        var forest = Forest.Load(new SyntheticModel().ToXgboostJson(), "model.json", Plain);
        var quantised = forest.ToBinary(keepStatistics: false);
        (quantised.Length * 6).ShouldBeLessThanOrEqualTo(forest.ToOnnx().Length);
        var after = Forest.Load(quantised, "model.fettle", Plain);
        var rows = ThresholdRows.Create(forest.Model, 200, seed: 5);
        var values = new (double Before, double After)[500];
        for (var r = 0; r < 200; r++)
        {
            var row = rows.AsSpan(r * 25, 25);
            for (var t = 0; t < 500; t++)
            {
                var (a, b) = (forest.Model.Trees[t], after.Model.Trees[t]);
                values[t] = (a.Nodes[a.FindLeaf<float>(row)].Value, b.Nodes[b.FindLeaf<float>(row)].Value);
            }

            values.ShouldAllBe(v => v.Before.Equals(v.After), $"row {r}");
        }
    }

    [Theory]
    [InlineData(LeafPrecision.Int16)]
    [InlineData(LeafPrecision.Int8)]
    public void LossyLeaves_StayWithinTheStatedWorstCase(LeafPrecision precision)
    {
        var before = Forest.Load(Bytes, "model.json");
        var after = Forest.Load(before.ToBinary(precision), "model.fettle");
        var worst = QuantizationReport.WorstCaseMargin(before.Model, precision);
        worst.ShouldBeGreaterThan(0);
        var rows = ThresholdRows.Create(before.Model, 2000, seed: 6);
        var (a, b) = (new float[2000], new float[2000]);
        before.PredictMargin(rows, 2000, a);
        after.PredictMargin(rows, 2000, b);
        var largest = a.Zip(b).Max(p => Math.Abs(p.First - p.Second));
        largest.ShouldBeGreaterThan(0);
        ((double)largest).ShouldBeLessThanOrEqualTo(worst + 1e-5);
        QuantizationReport.WorstCaseMargin(before.Model, LeafPrecision.Exact).ShouldBe(0);
    }

    [Fact]
    public void ExactForm_AgreesInEveryBit()
    {
        var before = Forest.Load(Bytes, "model.json");
        var after = Forest.Load(before.ToBinary(), "model.fettle");
        var rows = ThresholdRows.Create(before.Model, 500, seed: 7);
        var report = QuantizationReport.Compare(before, after, rows, 500, []);
        (report.SameBits, report.LabelAgreement, report.F1Before, report.F1After, report.LargestDifference, report.Acceptable).ShouldBe((500, 1.0, 1.0, 1.0, 0.0, true));
        (double.IsNaN(report.AucBefore), double.IsNaN(report.LogLossAfter)).ShouldBe((true, true));
    }

    /// <summary>Three rows with probabilities 0.9, 0.8, 0.3 and labels 1, 0, 1, against a form that answers 0.2, 0.8, 0.6: every figure by hand.</summary>
    [Fact]
    public void Figures_AreThoseOfTheDefinitions()
    {
        var (before, after) = (Steps(0.9, 0.8, 0.3), Steps(0.2, 0.8, 0.6));
        float[] rows = [0, 1, 2];
        var report = QuantizationReport.Compare(before, after, rows, 3, [1, 0, 1]);
        report.LabelAgreement.ShouldBe(1 / 3.0, 1e-12);
        report.F1Before.ShouldBe(0.5, 1e-12);
        report.F1After.ShouldBe(0.5, 1e-12);
        report.AucBefore.ShouldBe(0.5, 1e-12);
        report.AucAfter.ShouldBe(0, 1e-12);
        report.LogLossBefore.ShouldBe(-(Math.Log(0.9) + Math.Log(0.2) + Math.Log(0.3)) / 3, 1e-6);
        report.LogLossAfter.ShouldBe(-(Math.Log(0.2) + Math.Log(0.2) + Math.Log(0.6)) / 3, 1e-6);
        report.LargestDifference.ShouldBe(0.7, 1e-6);
    }

    [Fact]
    public void LossOfF1AboveOnePercent_IsNotAcceptable()
    {
        var report = QuantizationReport.Compare(Steps(0.9, 0.1, 0.9), Steps(0.9, 0.9, 0.1), [0, 1, 2], 3, []);
        report.F1Loss.ShouldBe(0.5, 1e-12);
        report.Acceptable.ShouldBeFalse();
    }

    [Fact]
    public void SeveralClasses_TakeTheLargestOutput()
    {
        var before = Forest.Load(new SyntheticModel { Trees = 5, Depth = 3, Features = 4, Classes = 3, Objective = "multi:softprob" }.ToXgboostJson(), "model.json");
        var rows = ThresholdRows.Create(before.Model, 300, seed: 8, missing: 0);
        var outputs = new float[900];
        before.Predict(rows, 300, outputs);
        int[] labels = [.. Enumerable.Range(0, 300).Select(r => Array.IndexOf(outputs[(3 * r)..(3 * r + 3)], outputs[(3 * r)..(3 * r + 3)].Max()))];
        var report = QuantizationReport.Compare(before, before, rows, 300, labels);
        (report.F1Before, report.LabelAgreement).ShouldBe((1.0, 1.0));
        report.LogLossBefore.ShouldBeGreaterThan(0);
        double.IsNaN(report.AucBefore).ShouldBeTrue();
    }

    /// <summary>Answers 1, 2, 9 against 1, 2, 8: a mean of 4 and squares of 9 + 4 + 25.</summary>
    [Fact]
    public void OutputsThatAreNoProbabilities_AreJudgedByTheirSpread()
    {
        var report = QuantizationReport.Compare(Steps(1, 2, 9), Steps(1, 2, 8), [0, 1, 2], 3, []);
        (report.HasClasses, report.Acceptable, double.IsNaN(report.LabelAgreement), double.IsNaN(report.F1After)).ShouldBe((false, false, true, true));
        report.SpreadLoss.ShouldBe(Math.Sqrt(1 / 38.0), 1e-9);
        QuantizationReport.Compare(Steps(1, 2, 9), Steps(1, 2, 9.01), [0, 1, 2], 3, []).Acceptable.ShouldBeTrue();
        QuantizationReport.Compare(Steps(7, 7), Steps(7, 7), [0, 1], 2, []).SpreadLoss.ShouldBe(0);
        Should.Throw<ArgumentException>(() => QuantizationReport.Compare(Steps(1, 2), Steps(1, 2), [0, 1], 2, [0, 1])).Message.ShouldContain("no probabilities");
    }

    /// <summary>A model that answers with class numbers: 2 is another class than 1.</summary>
    [Fact]
    public void ClassNumbers_AreLabelsThemselves()
    {
        var before = Forest.Load(new SyntheticModel { Trees = 6, Depth = 3, Features = 4, Classes = 3, Objective = "multi:softmax" }.ToXgboostJson(), "model.json");
        var rows = ThresholdRows.Create(before.Model, 300, seed: 8, missing: 0);
        var answers = new float[300];
        before.Predict(rows, 300, answers);
        answers.ShouldContain(2);
        int[] ones = [.. answers.Select(a => a == 2 ? 1 : (int)a)];
        var report = QuantizationReport.Compare(before, before, rows, 300, ones);
        report.F1Before.ShouldBeLessThan(1);
        (report.LabelAgreement, double.IsNaN(report.AucBefore), double.IsNaN(report.LogLossBefore)).ShouldBe((1.0, true, true));
    }

    [Fact]
    public void ModelsOrLabelsThatDoNotMatch_AreRefused()
    {
        var (one, two) = (Steps(0.1), Forest.Load(new SyntheticModel { Trees = 2, Depth = 2, Features = 1, Classes = 3, Objective = "multi:softprob" }.ToXgboostJson(), "model.json"));
        Should.Throw<ArgumentException>(() => QuantizationReport.Compare(one, two, [0], 1, [])).Message.ShouldContain("1 and 3 outputs");
        Should.Throw<ArgumentException>(() => QuantizationReport.Compare(one, one, [0], 1, [1, 0])).Message.ShouldContain("2 labels");
        Should.Throw<ArgumentOutOfRangeException>(() => ThresholdRows.Create(one.Model, 1, 1, missing: 2)).Message.ShouldContain("0 to 1");
        Should.Throw<ArgumentOutOfRangeException>(() => ThresholdRows.Create(one.Model, -1, 1));
    }

    [Fact]
    public void ThresholdRows_LieOnAndBesideThresholds()
    {
        var forest = Forest.Load(Bytes, "model.json");
        var rows = ThresholdRows.Create(forest.Model, 4000, seed: 1, missing: 0.1);
        rows.ShouldBe(ThresholdRows.Create(forest.Model, 4000, seed: 1, missing: 0.1));
        var thresholds = forest.Model.Trees.SelectMany(t => t.Nodes).Where(n => !n.IsLeaf).Select(n => (float)n.Threshold).ToHashSet();
        (rows.Count(thresholds.Contains) / 40_000.0).ShouldBeInRange(0.15, 0.35);
        (rows.Count(r => thresholds.Contains(MathF.BitIncrement(r))) / 40_000.0).ShouldBeInRange(0.15, 0.35);
        (rows.Count(float.IsNaN) / 40_000.0).ShouldBeInRange(0.09, 0.11);
    }

    /// <summary>A model that answers its i-th probability for the row i.</summary>
    static Forest Steps(params double[] probabilities)
    {
        var nodes = new List<Fettle.Forests.Trees.TreeNode>();
        for (var i = 0; i < probabilities.Length - 1; i++)
        {
            nodes.Add(new() { Kind = Fettle.Forests.Trees.SplitKind.Less, Threshold = i + 0.5f, Left = 2 * i + 1, Right = 2 * i + 2 });
            nodes.Add(new() { Value = (float)probabilities[i] });
        }

        nodes.Add(new() { Value = (float)probabilities[^1] });
        var tree = new Fettle.Forests.Trees.DecisionTree { Nodes = [.. nodes] };
        tree.Validate(1).ShouldBeNull();
        return new Forest(new ForestModel { FeatureCount = 1, Trees = [tree], TreeMargins = [0] }, new ForestOptions());
    }
}
