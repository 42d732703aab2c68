using System.CommandLine;
using System.Globalization;
using Fettle.Forests;
using Fettle.Shared.Results;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Models;

/// <summary><c>fettle model inspect|convert|quantize|verify|bench|profile</c>.</summary>
internal static class ModelCommand
{
    public static Command Create()
    {
        var command = new Command("model", "Inspect, convert, quantise, verify and measure tree ensembles")
        {
            Inspect(),
            Convert(),
            Quantize(),
            Verify(),
            BenchCommand.Create(),
            ProfileCommand.Create(),
        };
        return command;
    }

    static Argument<string> File(string name, string description) => new(name) { Description = description };

    static Option<string?> Json() => new("--json") { Description = "Write the result document here" };

    internal static Forest Load(string path, ForestOptions? options = null)
    {
        try
        {
            return Forest.Load(path, options);
        }
        catch (Exception e) when (e is ModelFormatException or IOException or NotSupportedException or PlatformNotSupportedException)
        {
            throw new UserErrorException(e.Message);
        }
        catch (UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: {(Directory.Exists(path) ? "is a folder; name a model file" : "may not be read")}");
        }
    }

    static Command Inspect()
    {
        var (file, json) = (File("file", "XGBoost JSON/UBJSON, LightGBM text, ONNX or Fettle binary"), Json());
        var command = new Command("inspect", "What a model file holds and which kernels run it") { file, json };
        command.SetAction(parse =>
        {
            var path = parse.GetValue(file)!;
            var forest = Load(path);
            var model = forest.Model;
            var rows = new List<string[]>
            {
                new[] { "format", $"{model.Format} {model.TrainerVersion}".Trim() },
                new[] { "objective", model.Objective },
                new[] { "link", $"{model.Link}" },
                new[] { "arithmetic", $"{model.Arithmetic}" },
                new[] { "features", Number(model.FeatureCount) },
                new[] { "outputs", Number(model.OutputCount) },
                new[] { "trees", Number(model.TreeCount) },
                new[] { "leaves", Number(model.LeafCount) },
                new[] { "depth", Number(model.Depth) },
                new[] { "largest tree", $"{model.LargestTree} leaves" },
                new[] { "size", $"{new FileInfo(path).Length} bytes" },
                new[] { "kernels", forest.KernelSummary },
            };
            var gains = forest.Importances(FeatureImportance.Gain);
            var top = Enumerable.Range(0, gains.Length).OrderByDescending(f => gains[f]).Take(5).Where(f => gains[f] > 0)
                .Select(f => $"{(model.FeatureNames.Count > f ? model.FeatureNames[f] : $"f{f}")} {gains[f].ToString("G4", CultureInfo.InvariantCulture)}");
            rows.Add(["top gain", string.Join(", ", top)]);
            return ModelOutput.Print(new ResultTable(path, ["what", "value"], rows), "inspect", parse.GetValue(json));
        });
        return command;
    }

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    static Command Convert()
    {
        var (file, output) = (File("file", "The model"), File("output", "Where to write: .onnx, or .fettle for the compact binary"));
        var command = new Command("convert", "Write a model as ONNX or as Fettle's binary, without loss") { file, output };
        command.SetAction(parse =>
        {
            var forest = Load(parse.GetValue(file)!);
            var target = parse.GetValue(output)!;
            var bytes = Path.GetExtension(target) switch
            {
                ".onnx" => Supported(forest.ToOnnx),
                ".fettle" => forest.ToBinary(),
                var other => throw new UserErrorException($"'{target}': the ending '{other}' is not known; .onnx and .fettle are", ExitCode.Usage),
            };
            ModelOutput.WriteAtomically(target, bytes);
            Console.Out.WriteLine($"{target}: {bytes.Length} bytes");
            if (target.EndsWith(".onnx", StringComparison.Ordinal) && forest.Model.Arithmetic == ForestArithmetic.Double)
            {
                Console.Error.WriteLine("fettle: leaves are rounded to float32 in ONNX; every float32 row still reaches the same leaves");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    static T Supported<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException)
        {
            throw new UserErrorException(e.Message);
        }
    }

    static Command Quantize()
    {
        var (file, output) = (File("file", "The model"), File("output", "Where to write the .fettle file"));
        var leaves = new Option<LeafPrecision>("--leaves") { Description = "Exact, Int16 or Int8; thresholds are always exact", DefaultValueFactory = _ => LeafPrecision.Exact };
        var rows = new Option<string?>("--rows") { Description = "Held-out rows (CSV); without them, 10,000 seeded rows on and beside the thresholds" };
        var labels = new Option<string?>("--labels") { Description = "The rows' classes, one a line" };
        var force = new Option<bool>("--force") { Description = "Write a form that loses more than 1 % (F1, or of the answers' spread) all the same" };
        var json = Json();
        var command = new Command("quantize", "Write thresholds as ranks, leaves as asked, and report how the answers agree") { file, output, leaves, rows, labels, force, json };
        command.SetAction(parse =>
        {
            var before = Load(parse.GetValue(file)!);
            var precision = parse.GetValue(leaves);
            var bytes = before.ToBinary(precision, keepStatistics: false);
            var after = Forest.Load(bytes, "quantised");
            var (values, count) = Rows(parse.GetValue(rows), before);
            var truth = parse.GetValue(labels) is { } path ? Labels(path, count, Math.Max(2, before.Model.MarginCount)) : [];
            if (precision != LeafPrecision.Exact && count < QuantizationReport.EnoughRows && !parse.GetValue(force))
            {
                throw new UserErrorException($"{count} rows are too few to judge a lossy form; give at least {QuantizationReport.EnoughRows}, or --force");
            }

            var report = Supported(() => QuantizationReport.Compare(before, after, values, count, truth));
            var code = ModelOutput.Print(ModelOutput.Quantization(report, before, precision, bytes.Length), "quantize", parse.GetValue(json));
            if (!report.Acceptable && !parse.GetValue(force))
            {
                var loss = report.HasClasses ? $"F1 falls by {Percent(report.F1Loss)}" : $"answers move by {Percent(report.SpreadLoss)} of their spread";
                Console.Error.WriteLine($"fettle: refused: {loss}, allowed are 1 %; --force writes it all the same");
                return ExitCode.NoneKept;
            }

            ModelOutput.WriteAtomically(parse.GetValue(output)!, bytes);
            return code;
        });
        return command;
    }

    static int[] Labels(string path, int count, int classes)
    {
        var values = RowFile.Read(path).Values;
        if (values.Length != count)
        {
            throw new UserErrorException($"{values.Length} labels for {count} rows");
        }

        return Array.FindIndex(values, v => !(v >= 0 && v < classes && v == Math.Floor(v))) is >= 0 and var odd
            ? throw new UserErrorException($"{path}: label {odd + 1} is {Text(values[odd])}; allowed: the classes 0 to {classes - 1}")
            : [.. values.Select(v => (int)v)];
    }

    static (float[] Values, int Count) Rows(string? path, Forest forest)
    {
        if (path is null)
        {
            return (ThresholdRows.Create(forest.Model, QuantizationReport.EnoughRows, seed: 1), QuantizationReport.EnoughRows);
        }

        var (values, count, width) = RowFile.Read(path);
        return width == forest.FeatureCount ? ([.. values.Select(v => (float)v)], count)
            : throw new UserErrorException($"{path}: rows have {width} values, the model has {forest.FeatureCount} features");
    }

    static Command Verify()
    {
        var file = File("file", "The model");
        var rows = new Option<string>("--rows") { Description = "Rows (CSV), features in the model's order", Required = true };
        var predictions = new Option<string>("--predictions") { Description = "What the trainer predicts for them (CSV)", Required = true };
        var margin = new Option<bool>("--margin") { Description = "The predictions are margins" };
        var tolerance = new Option<double>("--tolerance") { Description = "Largest difference that passes", DefaultValueFactory = _ => 0 };
        var json = Json();
        var command = new Command("verify", "Compare predictions with the trainer's own") { file, rows, predictions, margin, tolerance, json };
        command.SetAction(parse =>
        {
            var allowed = parse.GetValue(tolerance) is >= 0 and var t ? t : throw new UserErrorException($"--tolerance is {Text(parse.GetValue(tolerance))}; allowed: 0 and more", ExitCode.Usage);
            var forest = Load(parse.GetValue(file)!);
            var (values, count, width) = RowFile.Read(parse.GetValue(rows)!);
            var (expected, _, outputs) = RowFile.Read(parse.GetValue(predictions)!);
            var own = parse.GetValue(margin) ? forest.Model.MarginCount : forest.OutputCount;
            if (width != forest.FeatureCount || outputs != own || expected.Length != count * own)
            {
                throw new UserErrorException($"{count} rows of {width} values and {expected.Length / Math.Max(1, outputs)} predictions of {outputs}; the model takes {forest.FeatureCount} values and gives {own}");
            }

            var mine = new double[count * own];
            if (parse.GetValue(margin))
            {
                forest.PredictMargin(values, count, mine);
            }
            else
            {
                forest.Predict(values, count, mine);
            }

            // Text of a float32 names that float32; comparing in its type keeps the text's missing digits out of the difference.
            var single = forest.Model.Arithmetic == ForestArithmetic.Single;
            var differences = mine.Zip(expected, (a, b) => Difference(single ? (float)a : a, single ? (float)b : b)).ToArray();
            var largest = differences.Max();
            var passed = largest <= allowed;
            ModelOutput.Print(new ResultTable("agreement with the trainer", ["rows", "equal", "largest difference", "verdict"],
                [[Number(count), Number(differences.Count(d => d == 0)), Text(largest), passed ? "passed" : "failed"]]), "verify", parse.GetValue(json));
            return passed ? ExitCode.Ok : ExitCode.NoneKept;
        });
        return command;
    }

    /// <summary>A prediction that only one side has differs without limit; Max would pass over a NaN.</summary>
    static double Difference(double mine, double expected) =>
        mine == expected || (double.IsNaN(mine) && double.IsNaN(expected)) ? 0 : Math.Abs(mine - expected) is var d && double.IsNaN(d) ? double.PositiveInfinity : d;

    static string Percent(double share) => share.ToString("P2", CultureInfo.InvariantCulture);

    static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
