using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Testing;

namespace Fettle.Forests.Tests.Sklearn;

/// <summary>
/// Against scikit-learn's own predictions. It has no file format, so its trees come as ONNX with float64 tensors, written by train.py: float64 thresholds,
/// sums in float64 in tree order, as scikit-learn has them.
/// </summary>
[Trait("Category", "Slow")]
public sealed class SklearnFidelityTests
{
    [RequiresSklearnFact]
    public void Margins_AreTheTrainersBits()
    {
        SklearnTraining.Cases.Count.ShouldBeGreaterThan(15);
        foreach (var c in SklearnTraining.Cases)
        {
            var forest = Forest.Load(c.Model);
            (forest.Model.Arithmetic, forest.FeatureCount, forest.Model.MarginCount).ShouldBe((ForestArithmetic.Double, c.Features, c.Outputs), c.Name);
            var margins = new double[c.Rows * c.Outputs];
            forest.PredictMargin(c.Values("rows"), c.Rows, margins);
            SameBits.ShouldHold(margins, c.Values("margin"), c.Name);
            var one = new double[c.Outputs];
            for (var r = 0; r < c.Rows; r++)
            {
                forest.PredictMargin(c.Values("rows").AsSpan(r * c.Features, c.Features), 1, one);
                SameBits.ShouldHold(one, margins[(r * c.Outputs)..((r + 1) * c.Outputs)], $"{c.Name} row {r} alone");
            }
        }
    }

    /// <summary>The exponential function of the trainer's C library may round differently.</summary>
    [RequiresSklearnFact]
    public void Probabilities_AgreeToTheLastDigits()
    {
        foreach (var c in SklearnTraining.Cases)
        {
            var predictions = new double[c.Rows * c.Outputs];
            Forest.Load(c.Model).Predict(c.Values("rows"), c.Rows, predictions);
            predictions.Zip(c.Values("pred")).Max(p => Math.Abs(p.First - p.Second)).ShouldBeLessThan(1e-15, c.Name);
        }
    }

    [RequiresSklearnFact]
    public void FettleBinary_KeepsTheBits()
    {
        foreach (var c in SklearnTraining.Cases)
        {
            var forest = Forest.Load(Forest.Load(c.Model).ToBinary(), c.Name);
            var margins = new double[c.Rows * c.Outputs];
            forest.PredictMargin(c.Values("rows"), c.Rows, margins);
            SameBits.ShouldHold(margins, c.Values("margin"), c.Name);
        }
    }
}

/// <summary>Trains the models of train.py once per test run.</summary>
internal static class SklearnTraining
{
    static readonly Lazy<string?> Interpreter = new(() => Python.With("sklearn, onnx"));
    static readonly Lazy<List<SklearnCase>> Trained = new(Train);

    public static string? Missing => Interpreter.Value is null ? "a python3 with the modules sklearn and onnx (Debian: python3-sklearn, python3-onnx)" : null;

    public static IReadOnlyList<SklearnCase> Cases => Trained.Value;

    static List<SklearnCase> Train()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-sklearn-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Python.Run(Interpreter.Value!, Path.Combine(AppContext.BaseDirectory, "Sklearn", "train.py"), folder);
        return [.. File.ReadLines(Path.Combine(folder, "cases.txt")).Select(l => l.Split(' ')).Select(w => new SklearnCase(
            folder, w[0], int.Parse(w[1], CultureInfo.InvariantCulture), int.Parse(w[2], CultureInfo.InvariantCulture), int.Parse(w[3], CultureInfo.InvariantCulture)))];
    }
}

internal sealed record SklearnCase(string Folder, string Name, int Rows, int Features, int Outputs)
{
    public string Model => Path.Combine(Folder, Name + ".onnx");

    public double[] Values(string kind) => MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(Path.Combine(Folder, $"{Name}.{kind}"))).ToArray();
}

/// <summary>Skips when no python3 has scikit-learn and onnx.</summary>
internal sealed class RequiresSklearnFactAttribute() : RequiresFactAttribute(SklearnTraining.Missing);
