using System.Globalization;
using Fettle.Testing;

namespace Fettle.Forests.Tests.LightGbm;

/// <summary>Against predictions that LightGBM itself made (shared/data/forests).</summary>
public sealed class LightGbmFidelityTests
{
    static readonly char[] Separators = [' ', '\t'];

    [RequiresSharedDataFact("forests", "lgmulticlass.model")]
    public void Multiclass_GivesTheTrainersMarginsAndProbabilities()
    {
        var forest = Load("lgmulticlass.model");
        var rows = Table("multiclass_test.tsv", skip: 1);
        var margins = new double[500 * 5];
        forest.PredictMargin(rows, 500, margins);
        margins.ShouldBe(Table("lgmulticlass_true_raw_predictions.txt"));
        var probabilities = new double[500 * 5];
        forest.Predict(rows, 500, probabilities);
        Largest(probabilities, Table("lgmulticlass_true_predictions.txt")).ShouldBeLessThan(1e-16);
    }

    [RequiresSharedDataFact("forests", "lg_breast_cancer.txt")]
    public void Binary_ReachesTheTrainersLeaves()
    {
        var forest = Load("lg_breast_cancer.txt");
        var rows = Table("lg_breast_cancer_data.txt");
        var expected = Table("lg_breast_cancer_data_pred_leaves.txt");
        var trees = forest.Model.TreeCount;
        var leaves = new int[trees];
        for (var r = 0; r < 57; r++)
        {
            forest.LeafIndices(rows.AsSpan(r * 30, 30), leaves);
            leaves.ShouldBe(expected.Skip(r * trees).Take(trees).Select(v => (int)v));
        }
    }

    [RequiresSharedDataFact("forests", "lg_rf_iris.model")]
    public void RandomForest_AveragesItsLeaves()
    {
        var forest = Load("lg_rf_iris.model");
        var rows = File.ReadLines(SharedData.PathOf("forests", "iris_test.libsvm"))
            .SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(p => Parse(p[(p.IndexOf(':') + 1)..]))).ToArray();
        var expected = Table("lg_rf_iris_true_predictions.txt");
        var outputs = new double[expected.Length];
        forest.Predict(rows, expected.Length, outputs);
        Largest(outputs, expected).ShouldBeLessThan(1e-16);
    }

    [RequiresSharedDataFact("forests", "lg_breast_cancer.txt")]
    public void Contributions_SumToTheMargin()
    {
        var forest = Load("lg_breast_cancer.txt");
        var rows = Table("lg_breast_cancer_data.txt");
        var contributions = new double[31];
        for (var r = 0; r < 57; r++)
        {
            var row = rows.AsSpan(r * 30, 30);
            forest.Contributions(row, contributions);
            contributions.Sum().ShouldBe(forest.PredictMargin(row), 1e-12);
        }
    }

    static Forest Load(string name) => Forest.Load(SharedData.PathOf("forests", name));

    static double[] Table(string name, int skip = 0) => [.. File.ReadLines(SharedData.PathOf("forests", name))
        .SelectMany(l => l.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Skip(skip).Select(Parse))];

    static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static double Largest(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
}
