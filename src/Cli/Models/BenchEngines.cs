using System.Diagnostics;
using System.Runtime.InteropServices;
using Fettle.Forests;

namespace Fettle.Cli.Models;

/// <summary>One engine under measurement: nanoseconds of single rows, of one call over the first rows, and its predictions.</summary>
internal sealed record BenchEngine(string Name, string Format, long Bytes, Func<int, double[]> One, Func<int, double> Batch, Func<double[]> Predictions);

/// <summary>The forms of one model that take turns: the trainer, ONNX Runtime, and Fettle plain, compiled, on two threads and quantised.</summary>
internal sealed class BenchEngines : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-bench-").FullName;
    readonly List<RivalEngine> _rivals = [];
    readonly float[] _rows;

    public BenchEngines(string path, string? modules, Action<string> say)
    {
        var plain = Forest.Load(path, new ForestOptions { Kernel = ForestKernel.Plain });
        var compiled = Forest.Load(path);
        say($"compiled: {compiled.KernelSummary}");
        _rows = ThresholdRows.Create(plain.Model, ModelBenchmark.Rows, seed: 11, missing: 0);
        var rowFile = Path.Combine(_folder, "rows");
        File.WriteAllBytes(rowFile, MemoryMarshal.AsBytes(_rows.AsSpan()));
        var (format, bytes) = ($"{plain.Model.Format}", new FileInfo(path).Length);
        var binary = compiled.ToBinary(keepStatistics: false);
        Own("Fettle plain", format, bytes, plain);
        Own("Fettle compiled", format, bytes, compiled);
        Own("Fettle compiled, 2 threads", format, bytes, Forest.Load(path, new ForestOptions { Threads = 2 }));
        Own("Fettle quantised", "Fettle binary", binary.Length, Forest.Load(binary, "quantised"));
        var trainer = plain.Model.Format is ForestFormat.XgboostJson or ForestFormat.XgboostUbjson ? RivalEngine.StartXgboost(path, rowFile, plain.FeatureCount) : null;
        Add(trainer, bytes, () => say("XGBoost: not run: no python3 with xgboost, or another trainer's model"));
        var onnx = WriteOnnx(plain);
        OnnxBytes = onnx is null ? null : new FileInfo(onnx).Length;
        var runtime = onnx is null || modules is null ? null : RivalEngine.StartOnnxRuntime(onnx, rowFile, plain.FeatureCount, modules);
        Add(runtime, OnnxBytes ?? 0, () => say($"ONNX Runtime: not run: {(onnx is null ? "the model has no ONNX form" : "no node, or no onnxruntime-node (npm install onnxruntime-node --ignore-scripts)")}"));
        Gpu = AddGpu(onnx, rowFile, plain.FeatureCount, modules);
    }

    public List<BenchEngine> All { get; } = [];

    /// <summary>Size of the model as ONNX; null when it has no such form.</summary>
    public long? OnnxBytes { get; }

    /// <summary>What was run on a GPU, or why nothing was.</summary>
    public string Gpu { get; }

    string? WriteOnnx(Forest forest)
    {
        try
        {
            var path = Path.Combine(_folder, "model.onnx");
            File.WriteAllBytes(path, forest.ToOnnx());
            return path;
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    string AddGpu(string? onnx, string rows, int features, string? modules)
    {
        if (GpuDevices.Count == 0)
        {
            return "GPU: not run: no GPU";
        }

        var engine = onnx is null || modules is null ? null : RivalEngine.StartOnnxRuntime(onnx, rows, features, modules, "cuda");
        Add(engine, OnnxBytes ?? 0, () => { });
        return engine is null ? "GPU: not run: ONNX Runtime's CUDA provider did not start" : $"GPU: {engine.Name}";
    }

    void Add(RivalEngine? rival, long bytes, Action absent)
    {
        if (rival is null)
        {
            absent();
            return;
        }

        _rivals.Add(rival);
        All.Add(new BenchEngine($"{rival.Name} {rival.Version}", rival.Format, bytes, rival.OneRow, rival.Batch, () => rival.Predictions(ModelBenchmark.Rows)));
    }

    void Own(string name, string format, long bytes, Forest forest)
    {
        var (features, at) = (forest.FeatureCount, 0);
        var outputs = new float[ModelBenchmark.Rows * forest.OutputCount];
        All.Add(new BenchEngine(name, format, bytes,
            count =>
            {
                var times = new double[count];
                for (var i = 0; i < count; i++)
                {
                    var row = _rows.AsSpan(at++ % ModelBenchmark.Rows * features, features);
                    var start = Stopwatch.GetTimestamp();
                    forest.Predict(row, 1, outputs);
                    times[i] = Nanoseconds(start);
                }

                return times;
            },
            count =>
            {
                var start = Stopwatch.GetTimestamp();
                forest.Predict(_rows, count, outputs);
                return Nanoseconds(start);
            },
            () =>
            {
                forest.Predict(_rows, ModelBenchmark.Rows, outputs);
                return [.. outputs.Select(o => (double)o)];
            }));
    }

    /// <summary>In the clock's own steps; a TimeSpan counts in 100 ns.</summary>
    static double Nanoseconds(long start) => (Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency);

    public void Dispose()
    {
        _rivals.ForEach(r => r.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
