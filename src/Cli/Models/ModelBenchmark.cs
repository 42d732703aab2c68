using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Forests;
using Fettle.Shared.Results;

namespace Fettle.Cli.Models;

/// <summary>
/// Times one model in every engine on the same rows in one run: engines take turns round after round, one thread each.
/// Batch figures are the median over rounds, and the quietest round beside it; single rows rotate.
/// </summary>
internal static class ModelBenchmark
{
    public const int Rows = 11_000;
    static readonly int[] Batches = [1, 100, Rows];

    /// <summary>One engine: percentiles of a single row, nanoseconds per row of each batch (median and quietest round).</summary>
    public sealed record Line(string Engine, string Format, long Bytes, double[] OneRow, double[] MedianNs, double[] QuietestNs, double LargestDifference);

    public static List<Line> Run(string path, int rounds, string? modules, Action<string> say)
    {
        var plain = Forest.Load(path, new ForestOptions { Kernel = ForestKernel.Plain });
        var compiled = Forest.Load(path);
        say($"compiled: {compiled.KernelSummary}");
        var folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
        try
        {
            var rows = ThresholdRows.Create(plain.Model, Rows, seed: 11, missing: 0);
            var rowFile = Path.Combine(folder, "rows");
            File.WriteAllBytes(rowFile, MemoryMarshal.AsBytes(rows.AsSpan()));
            var binary = compiled.ToBinary(keepStatistics: false);
            var quantised = Forest.Load(binary, "quantised");
            var engines = new List<(string Name, string Format, long Bytes, Func<int, double[]> One, Func<int, double> Batch, Func<double[]> Predictions)>
            {
                Own("Fettle plain", $"{plain.Model.Format}", new FileInfo(path).Length, plain, rows),
                Own("Fettle compiled", $"{plain.Model.Format}", new FileInfo(path).Length, compiled, rows),
                Own("Fettle quantised", "Fettle binary", binary.Length, quantised, rows),
            };
            using var xgboost = plain.Model.Format is ForestFormat.XgboostJson or ForestFormat.XgboostUbjson ? RivalEngine.StartXgboost(path, rowFile, plain.FeatureCount) : null;
            using var onnx = StartOnnx(plain, rowFile, folder, modules, out var onnxBytes);
            Add(engines, xgboost, new FileInfo(path).Length, say, "XGBoost: not run: no python3 with xgboost, or another trainer's model");
            Add(engines, onnx, onnxBytes, say, "ONNX Runtime: not run: no node, no onnxruntime-node, or no ONNX form of the model");
            return Measure(engines, rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static RivalEngine? StartOnnx(Forest forest, string rows, string folder, string? modules, out long bytes)
    {
        bytes = 0;
        try
        {
            var file = forest.ToOnnx();
            bytes = file.Length;
            var path = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(path, file);
            return modules is null ? null : RivalEngine.StartOnnxRuntime(path, rows, forest.FeatureCount, modules);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    static void Add(List<(string, string, long, Func<int, double[]>, Func<int, double>, Func<double[]>)> engines, RivalEngine? rival, long bytes, Action<string> say, string absent)
    {
        if (rival is null)
        {
            say(absent);
            return;
        }

        engines.Add(($"{rival.Name} {rival.Version}", rival.Format, bytes, rival.OneRow, rival.Batch, () => rival.Predictions(Rows)));
    }

    static (string, string, long, Func<int, double[]>, Func<int, double>, Func<double[]>) Own(string name, string format, long bytes, Forest forest, float[] rows)
    {
        var outputs = new float[Rows * forest.OutputCount];
        var at = 0;
        return (name, format, bytes,
            count =>
            {
                var times = new double[count];
                for (var i = 0; i < count; i++)
                {
                    var row = rows.AsSpan(at++ % Rows * forest.FeatureCount, forest.FeatureCount);
                    var start = Stopwatch.GetTimestamp();
                    forest.Predict(row, 1, outputs);
                    times[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                }

                return times;
            },
            count =>
            {
                var start = Stopwatch.GetTimestamp();
                forest.Predict(rows, count, outputs);
                return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            },
            () =>
            {
                forest.Predict(rows, Rows, outputs);
                return [.. outputs.Select(o => (double)o)];
            });
    }

    static List<Line> Measure(List<(string Name, string Format, long Bytes, Func<int, double[]> One, Func<int, double> Batch, Func<double[]> Predictions)> engines, int rounds)
    {
        var ones = engines.Select(_ => new List<double>()).ToArray();
        var batches = engines.Select(_ => Batches.Select(_ => new List<double>()).ToArray()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < engines.Count; i++)
            {
                var e = (i + round + 1) % engines.Count;
                var times = engines[e].One(200);
                if (round >= 0)
                {
                    ones[e].AddRange(times);
                }

                for (var b = 0; b < Batches.Length; b++)
                {
                    var time = engines[e].Batch(Batches[b]) / Batches[b];
                    if (round >= 0)
                    {
                        batches[e][b].Add(time);
                    }
                }
            }
        }

        var oracle = engines[0].Predictions();
        return [.. engines.Select((e, i) => new Line(
            e.Name,
            e.Format,
            e.Bytes,
            [Percentile(ones[i], 0.5), Percentile(ones[i], 0.95), Percentile(ones[i], 0.99)],
            [.. batches[i].Select(b => Percentile(b, 0.5))],
            [.. batches[i].Select(b => b.Min())],
            e.Predictions().Zip(oracle).Max(p => Math.Abs(p.First - p.Second))))];
    }

    static double Percentile(List<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }

    public static ResultTable Table(List<Line> lines)
    {
        var reference = lines.LastOrDefault(l => l.Engine.StartsWith("ONNX", StringComparison.Ordinal)) ?? lines[0];
        return new ResultTable(
            $"One model, {Rows} rotating rows, one thread; speed-up against {reference.Engine}",
            ["engine", "format", "KiB", "one row p50 µs", "p95 µs", "p99 µs", "1 row ns", "100 rows ns/row", $"{Rows} rows ns/row", "quietest", "speed-up one", $"speed-up {Rows}", "largest Δ to plain"],
            [.. lines.Select(l => new[]
            {
                l.Engine, l.Format, Text(l.Bytes / 1024.0, 0), Text(l.OneRow[0] / 1000, 2), Text(l.OneRow[1] / 1000, 2), Text(l.OneRow[2] / 1000, 2),
                Text(l.MedianNs[0], 0), Text(l.MedianNs[1], 0), Text(l.MedianNs[2], 0), Text(l.QuietestNs[2], 0),
                Text(reference.OneRow[0] / l.OneRow[0], 1) + "×", Text(reference.QuietestNs[2] / l.QuietestNs[2], 1) + "×", l.LargestDifference.ToString("G3", CultureInfo.InvariantCulture),
            })],
            "GPU: not run: no GPU");
    }

    static string Text(double value, int digits) => value.ToString("F" + digits, CultureInfo.InvariantCulture);
}
