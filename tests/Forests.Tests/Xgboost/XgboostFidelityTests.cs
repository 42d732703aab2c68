namespace Fettle.Forests.Tests.Xgboost;

/// <summary>Against XGBoost's own predictions: margins, predictions and leaves to the last bit, contributions within float32 rounding.</summary>
[Trait("Category", "Slow")]
public sealed class XgboostFidelityTests
{
    [RequiresXgboostFact]
    public void Json_GivesTheTrainersBits() => Each(c => Compare(c, c.Forest));

    [RequiresXgboostFact]
    public void Ubjson_GivesTheTrainersBits() => Each(c =>
    {
        var forest = Forest.Load(c.Ubjson);
        forest.Model.Format.ShouldBe(ForestFormat.XgboostUbjson);
        Compare(c, forest);
    });

    [RequiresXgboostFact]
    public void DoubleRows_AreRoundedAsTheTrainerDoes() => Each(c =>
    {
        var forest = c.Forest;
        var outputs = new double[c.Rows * c.Outputs];
        forest.Predict([.. c.Values("rows").Select(v => (double)v)], c.Rows, outputs);
        SameBits.ShouldHold([.. outputs.Select(o => (float)o)], c.Values("pred"), c.Name);
    });

    [RequiresXgboostFact]
    public void LeafIndices_AreTheTrainersNodeIds() => Each(c =>
    {
        if (!c.Has("leaves"))
        {
            return;
        }

        var forest = c.Forest;
        var rows = c.Values("rows");
        var leaves = new int[c.Rows * c.Trees];
        for (var r = 0; r < c.Rows; r++)
        {
            forest.LeafIndices(rows.AsSpan(r * c.Features, c.Features), leaves.AsSpan(r * c.Trees, c.Trees));
        }

        leaves.ShouldBe(c.Leaves(), c.Name);
    });

    [RequiresXgboostFact]
    public void Contributions_AreTheTrainersAndSumToTheMargin() => Each(c =>
    {
        var forest = c.Forest;
        var (rows, margins) = (c.Values("rows"), c.Values("margin"));
        var width = c.Features + 1;
        var mine = new double[c.Margins * width];
        var theirs = c.Has("contribs") ? c.Values("contribs") : [];
        // Every kind of row lies at even and odd numbers.
        for (var r = 0; r < c.Rows; r += Soak.IsOn ? 1 : 2)
        {
            forest.Contributions(rows.AsSpan(r * c.Features, c.Features), mine);
            for (var m = 0; m < c.Margins; m++)
            {
                var margin = margins[r * c.Margins + m];
                mine.Skip(m * width).Take(width).Sum().ShouldBe(margin, 2e-5 * Math.Max(1, Math.Abs(margin)), $"{c.Name} row {r}");
                for (var f = 0; f < width && theirs.Length > 0; f++)
                {
                    var expected = theirs[(r * c.Margins + m) * width + f];
                    mine[m * width + f].ShouldBe(expected, 1e-4 * Math.Max(1, Math.Abs(margin)), $"{c.Name} row {r} margin {m} feature {f}");
                }
            }
        }
    });

    [RequiresXgboostFact]
    public void BestIteration_PredictsWhatTheTrainerDoesUpToIt()
    {
        var early = XgboostTraining.Cases.Values.Where(c => c.Has("best")).ToArray();
        early.Length.ShouldBe(3);
        foreach (var c in early)
        {
            var forest = Forest.Load(c.Json, new ForestOptions { UseBestIteration = true });
            forest.Model.TreeCount.ShouldBeLessThan(c.Trees, c.Name);
            var outputs = new float[c.Rows * c.Outputs];
            forest.Predict(c.Values("rows"), c.Rows, outputs);
            SameBits.ShouldHold(outputs, c.Values("best"), c.Name);
        }
    }

    /// <summary>XGBoost adds them up in float32.</summary>
    [RequiresXgboostFact]
    public void Importances_AreTheTrainers() => Each(c =>
    {
        if (!c.Has("scores"))
        {
            return;
        }

        var forest = c.Forest;
        var expected = c.Doubles("scores");
        foreach (var (kind, at) in new[] { (FeatureImportance.Splits, 0), (FeatureImportance.Gain, 1), (FeatureImportance.Cover, 2) })
        {
            var mine = forest.Importances(kind);
            for (var f = 0; f < c.Features; f++)
            {
                var theirs = expected[at * c.Features + f];
                mine[f].ShouldBe(theirs, 1e-5 * Math.Max(1, Math.Abs(theirs)), $"{c.Name} {kind} of feature {f}");
            }
        }
    });

    static void Compare(TrainedCase c, Forest forest)
    {
        var rows = c.Values("rows");
        forest.FeatureCount.ShouldBe(c.Features);
        forest.Model.TrainerVersion.ShouldNotBeEmpty();
        var margins = new float[c.Rows * c.Margins];
        forest.PredictMargin(rows, c.Rows, margins);
        if (c.Margins == forest.Model.MarginCount)
        {
            SameBits.ShouldHold(margins, c.Values("margin"), $"margins of {c.Name}");
        }

        var outputs = new float[c.Rows * c.Outputs];
        forest.Predict(rows, c.Rows, outputs);
        SameBits.ShouldHold(outputs, c.Values("pred"), $"predictions of {c.Name}");
        var one = new float[c.Outputs];
        for (var r = 0; r < c.Rows; r++)
        {
            forest.Predict(rows.AsSpan(r * c.Features, c.Features), 1, one);
            SameBits.ShouldHold(one, outputs.AsSpan(r * c.Outputs, c.Outputs).ToArray(), $"row {r} of {c.Name} alone");
        }
    }

    static void Each(Action<TrainedCase> check)
    {
        XgboostTraining.Cases.Count.ShouldBeGreaterThan(100);
        foreach (var trained in XgboostTraining.Cases.Values)
        {
            check(trained);
        }
    }
}
