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

            var lines = ModelBenchmark.Run(model, rounds, arguments.Length > 1 ? arguments[1] : InstallOnnxRuntime(folder), Console.Error.WriteLine);
            result.Settings["rounds"] = rounds;
            result.Settings["kernels"] = Forest.Load(model).KernelSummary;
            result.Tables.Add(ModelBenchmark.Table(lines));
            Judge(result, lines);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return Task.CompletedTask;
    }

    static void Judge(ResultDocument result, List<ModelBenchmark.Line> lines)
    {
        var mine = lines.First(l => l.Engine == "Fettle compiled");
        void Gate(string subject, double value, double limit, bool atMost) => result.Verdicts.Add(new ResultVerdict(subject,
            (atMost ? value <= limit : value >= limit) ? "passed" : "failed", $"{value.ToString("F2", CultureInfo.InvariantCulture)}, gate {(atMost ? "≤" : "≥")} {limit.ToString(CultureInfo.InvariantCulture)}"));
        Gate("one row p50, µs", mine.OneRow[0] / 1000, 2, atMost: true);
        Gate("11,000 rows, quietest round, ns/row", mine.QuietestNs[^1], 250, atMost: true);
        if (lines.FirstOrDefault(l => l.Engine.StartsWith("ONNX", StringComparison.Ordinal)) is { } onnx)
        {
            Gate("times ONNX Runtime, quietest rounds", onnx.QuietestNs[^1] / mine.QuietestNs[^1], 40, atMost: false);
        }

        if (lines.FirstOrDefault(l => l.Engine.StartsWith("XGBoost", StringComparison.Ordinal)) is { } xgboost)
        {
            Gate("times XGBoost, quietest rounds", xgboost.QuietestNs[^1] / mine.QuietestNs[^1], 15, atMost: false);
            Gate("largest difference to XGBoost", xgboost.LargestDifference, 0, atMost: true);
        }

        foreach (var verdict in result.Verdicts)
        {
            Console.WriteLine($"{verdict.Subject}: {verdict.Verdict} ({verdict.Reason})");
        }

        result.Data["gpu"] = JsonValue.Create("not run: no GPU");
    }

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
