using System.Globalization;
using Fettle.Forests;
using Fettle.Shared.Results;

namespace Fettle.Cli.Models;

/// <summary>
/// Times one model in every engine on the same rows in one run: engines take turns round after round, one thread each unless the name says otherwise.
/// Batch figures (rows a second in calls of 1, 100 and 11,000 rows) are the median over rounds, and the quietest round beside it; single rows rotate.
/// Speed-ups compare the medians of single rows and the quietest rounds of batches.
/// </summary>
internal static class ModelBenchmark
{
    public const int Rows = 11_000;
    static readonly int[] Batches = [1, 100, Rows];

    /// <summary>One engine: percentiles of a single row, nanoseconds per row of each batch (median and quietest round).</summary>
    public sealed record Line(string Engine, string Format, long Bytes, double[] OneRow, double[] MedianNs, double[] QuietestNs, double LargestDifference);

    /// <summary>All engines' figures, the size of the model as ONNX, and what a GPU did.</summary>
    public sealed record Result(List<Line> Lines, long? OnnxBytes, string Gpu)
    {
        public Line? Of(string engine) => Lines.FirstOrDefault(l => l.Engine.StartsWith(engine, StringComparison.Ordinal));
    }

    public static Result Run(string path, int rounds, string? modules, Action<string> say)
    {
        using var engines = new BenchEngines(path, modules, say);
        return new Result(Measure(engines.All, rounds), engines.OnnxBytes, engines.Gpu);
    }

    static List<Line> Measure(List<BenchEngine> engines, int rounds)
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

    public static ResultTable Table(Result result)
    {
        var lines = result.Lines;
        var reference = result.Of("ONNX") ?? lines[0];
        return new ResultTable(
            $"One model, {Rows} rotating rows, one thread; speed-up against {reference.Engine}",
            [
                "engine", "format", "KiB", "one row p50 µs", "p95 µs", "p99 µs", "rows/s by 1", "rows/s by 100", $"rows/s by {Rows}", $"{Rows} rows ns/row", "quietest",
                "speed-up one", $"speed-up {Rows}", "largest Δ to plain",
            ],
            [.. lines.Select(l => new[]
            {
                l.Engine, l.Format, Text(l.Bytes / 1024.0, 0), Text(l.OneRow[0] / 1000, 2), Text(l.OneRow[1] / 1000, 2), Text(l.OneRow[2] / 1000, 2),
                Text(1e9 / l.MedianNs[0], 0), Text(1e9 / l.MedianNs[1], 0), Text(1e9 / l.MedianNs[2], 0), Text(l.MedianNs[2], 0), Text(l.QuietestNs[2], 0),
                Text(reference.OneRow[0] / l.OneRow[0], 1) + "×", Text(reference.QuietestNs[2] / l.QuietestNs[2], 1) + "×", l.LargestDifference.ToString("G3", CultureInfo.InvariantCulture),
            })],
            result.Gpu);
    }

    /// <summary>Every kernel at every instruction set of this processor on the rows of the benchmark, margins only, one thread.</summary>
    public static ResultTable Kernels(string path, int rounds)
    {
        var forest = Forest.Load(path);
        var ranks = forest.RankKernels(ThresholdRows.Create(forest.Model, Rows, seed: 11, missing: 0), Rows, rounds);
        return new ResultTable(
            "Kernels by instruction set, slowest first, shortest of the rounds, one thread",
            ["instructions", "kernel", "one row ns", $"{Rows} rows ns/row", "remark"],
            [.. ranks.Select(k => new[]
            {
                k.Instructions, k.Kernel, k.OneRow is { } one ? Text(one, 0) : "–", k.Batch is { } batch ? Text(batch, 0) : "–", k.Problem ?? "",
            })],
            forest.KernelSummary);
    }

    static string Text(double value, int digits) => value.ToString("F" + digits, CultureInfo.InvariantCulture);
}
