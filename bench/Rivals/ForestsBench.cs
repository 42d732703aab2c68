using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Cli.Models;
using Fettle.Forests;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>500 trees of depth 6 on 25 features, trained by python3-xgboost: Fettle, XGBoost and ONNX Runtime on the same rows in one run.</summary>
internal sealed class ForestsBench : IBenchmark
{
    const string Train = """
        import sys, numpy as np, xgboost as xgb
        r = np.random.default_rng(1)
        x = r.normal(size=(20000, 25)).astype(np.float32)
        y = ((x @ r.normal(size=25) + 2 * np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + r.normal(size=20000)) > 0).astype(int)
        p = dict(objective="binary:logistic", max_depth=6, eta=0.05, tree_method="hist", min_child_weight=0, reg_lambda=0.1, nthread=2)
        xgb.train(p, xgb.DMatrix(x, label=y), 500).save_model(sys.argv[1])
        """;

    public string Name => "forests";

    public string Summary => "tree ensembles against XGBoost and ONNX Runtime: forests [rounds] [folder with node_modules]";

    public Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 15;
        var folder = Directory.CreateTempSubdirectory("fettle-forests-").FullName;
        try
        {
            var model = Path.Combine(folder, "model.json");
            if (!TrainModel(model))
            {
                Console.Error.WriteLine("not run: no python3 with xgboost");
                return Task.CompletedTask;
            }

            var modules = arguments.Length > 1 ? arguments[1] : InstallOnnxRuntime(folder);
            var measured = ModelBenchmark.Run(model, rounds, modules, Console.Error.WriteLine);
            result.Settings["rounds"] = rounds;
            result.Settings["kernels"] = Forest.Load(model).KernelSummary;
            result.Settings["cores"] = Environment.ProcessorCount;
            result.Tables.Add(ModelBenchmark.Table(measured));
            var two = TwoThreads.Measure(model, rounds);
            result.Tables.Add(TwoThreads.Table(two));
            JudgeXgboost(result, measured, two);
            result.Tables.Add(ModelBenchmark.Kernels(model, rounds));
            var leafwise = Path.Combine(folder, "leafwise.txt");
            File.WriteAllBytes(leafwise, new SyntheticModel().ToLightGbmText());
            measured = ModelBenchmark.Run(leafwise, Math.Max(1, rounds / 2), null, _ => { });
            result.Settings["lightgbm model"] = "seeded: 500 trees of 31 leaves on 25 features, float64 leaves";
            result.Tables.Add(ModelBenchmark.Kernels(leafwise, rounds) with { Title = "Kernels of the LightGBM model" });
            result.Tables.Add(ModelBenchmark.Table(measured) with { Title = "LightGBM text, 500 trees of 31 leaves from a seeded writer, float64 sums, one thread" });
            Gate(result, "LightGBM 31 leaves, 11,000 rows, quietest round, ns/row", measured.Of("Fettle compiled")!.QuietestNs[^1], 700, atMost: true);
            foreach (var verdict in result.Verdicts)
            {
                Console.WriteLine($"{verdict.Subject}: {verdict.Verdict} ({verdict.Reason})");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return Task.CompletedTask;
    }

    static void JudgeXgboost(ResultDocument result, ModelBenchmark.Result measured, List<TwoThreads.Line> two)
    {
        var mine = measured.Of("Fettle compiled")!;
        Gate(result, "one row p50, µs", mine.OneRow[0] / 1000, 2, atMost: true);
        Gate(result, "11,000 rows, quietest round, ns/row", mine.QuietestNs[^1], 250, atMost: true);
        Gate(result, "times one thread on two threads, quietest rounds", two[^1].Times, 1.8, atMost: false);
        if (measured.Of("ONNX") is { } onnx)
        {
            Gate(result, "times ONNX Runtime, quietest rounds", onnx.QuietestNs[^1] / mine.QuietestNs[^1], 40, atMost: false);
        }

        if (measured.Of("XGBoost") is { } xgboost)
        {
            Gate(result, "times XGBoost, quietest rounds", xgboost.QuietestNs[^1] / mine.QuietestNs[^1], 15, atMost: false);
            Gate(result, "largest difference to XGBoost", xgboost.LargestDifference, 0, atMost: true);
        }

        if (measured.OnnxBytes is { } bytes)
        {
            Gate(result, "size of ONNX in rank-quantised files", (double)bytes / measured.Of("Fettle quantised")!.Bytes, 6, atMost: false);
        }

        result.Data["gpu"] = JsonValue.Create(measured.Gpu);
    }

    static void Gate(ResultDocument result, string subject, double value, double limit, bool atMost) => result.Verdicts.Add(new ResultVerdict(subject,
        (atMost ? value <= limit : value >= limit) ? "passed" : "failed", $"{value.ToString("F2", CultureInfo.InvariantCulture)}, gate {(atMost ? "≤" : "≥")} {limit.ToString(CultureInfo.InvariantCulture)}"));

    static bool TrainModel(string path) => Run("/usr/bin/python3", ["-c", Train, path]) || Run("python3", ["-c", Train, path]);

    static string? InstallOnnxRuntime(string folder) =>
        Run("npm", ["install", "onnxruntime-node", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder]) ? folder : null;

    static bool Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
