using Fettle.Forests.Formats;
using Fettle.Forests.Kernels;

namespace Fettle.Forests;

/// <summary>
/// A loaded tree ensemble. Immutable, safe for any number of threads. Predictions carry the bits of the library that trained the model:
/// float32 models are compared and summed in float32 in tree order, float64 models in float64.
/// </summary>
public sealed partial class Forest
{
    readonly ForestOptions _options;

    readonly CompiledForest _compiled;
    readonly KernelChoice _choice;

    /// <summary>SHA-256 of the file; null when nothing is kept about it.</summary>
    readonly string? _checksum;

    internal Forest(ForestModel model, ForestOptions options, string? checksum = null)
        : this(model, options, options.Kernel == ForestKernel.Plain ? SimdLevel.Scalar : Simd.Level, checksum)
    {
    }

    /// <summary>Tests run every level, also in software; everything else takes <see cref="Simd.Level"/>.</summary>
    internal Forest(ForestModel model, ForestOptions options, SimdLevel level, string? checksum = null)
    {
        Model = model;
        _checksum = checksum;
        _options = options with { };
        _compiled = CompiledForest.Create(model, level);
        if (options.Kernel == ForestKernel.Compiled && _compiled.IsEmpty)
        {
            Throw.NotSupported($"the model has no compiled form: {_compiled.BlockProblem}, {_compiled.WalkProblem}; use ForestKernel.Auto");
        }

        var cache = checksum is null || options.KernelCache is null ? null : new KernelCache(options.KernelCache, checksum, level);
        _choice = KernelChoice.Of(model, _compiled, options.Kernel, cache);
        ParallelFrom = options.Threads == 1 ? int.MaxValue : options.ParallelRows ?? MeasureParallelRows();
        if (options.Device == ForestDevice.Gpu)
        {
            (options.Log ?? Console.Error.WriteLine)(GpuDevices.Count == 0
                ? "fettle: device gpu: no GPU was found, predictions run on the cpu"
                : $"fettle: device gpu: {GpuDevices.Count} found, but trees are not run on one, predictions run on the cpu");
        }
    }

    /// <summary>What runs, in words: instruction set, kernels, what was measured, and why the rest was not taken.</summary>
    public string KernelSummary
    {
        get
        {
            var one = _choice.One switch
            {
                RowKernel.Lanes => "compiled (32 trees at once)",
                RowKernel.Row => $"compiled (all splits at once{Reason("32 trees at once", _compiled.LanesProblem)})",
                RowKernel.Walk => $"compiled (walk{Reason("all splits at once", _compiled.RowProblem)})",
                _ => $"plain{Reason("walk", _compiled.WalkProblem)}",
            };
            var batch = _choice.BlockFrom == int.MaxValue ? $"{(_choice.WalkBatches ? "compiled (walk" : "row by row (")}{Reason("blocks", _compiled.BlockProblem)})" : $"compiled (blocks) from {_choice.BlockFrom} rows";
            return $"{_compiled.Level.ToString().ToLowerInvariant()}; one row: {one}; batches: {batch}";
        }
    }

    /// <summary>Rows from which a batch is spread over <see cref="ForestOptions.Threads"/>; <see cref="int.MaxValue"/> for one thread.</summary>
    public int ParallelFrom { get; }

    internal KernelChoice Choice => _choice;

    internal CompiledForest Compiled => _compiled;

    static string Reason(string kernel, string? problem) => problem is null ? "" : $"; no {kernel}: {problem}";

    /// <summary>Times this model on one thread; the shorter of two runs, the first of which compiles the code.</summary>
    int MeasureParallelRows()
    {
        const int Rows = 512;
        var rows = new float[Rows * FeatureCount];
        var margins = new double[Rows * Model.MarginCount];
        var best = double.MaxValue;
        for (var run = 0; run < 2; run++)
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            RunRows<float, double>(rows, Rows, margins, Model.MarginCount, link: false);
            best = Math.Min(best, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return ParallelStart.RowsFor(best / Rows, _options.Threads);
    }

    /// <summary>What the file says.</summary>
    public ForestModel Model { get; }

    /// <summary>Values a row must have.</summary>
    public int FeatureCount => Model.FeatureCount;

    /// <summary>Predictions per row.</summary>
    public int OutputCount => Model.OutputCount;

    /// <summary>Reads a model file; the format is told from the content, not from the name.</summary>
    /// <param name="path">XGBoost JSON or UBJSON, LightGBM text, ONNX or Fettle binary.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ModelFormatException">The file is no model, is damaged, or asks for what is not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Forest Load(string path, ForestOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ForestOptions();
        var length = new FileInfo(path).Length;
        if (length > options.MaxFileBytes)
        {
            throw new ModelFormatException($"the file has {length} bytes; MaxFileBytes allows {options.MaxFileBytes}", path, "byte 0");
        }

        if (options.MapFile && length > 0)
        {
            using var mapped = new MappedFile(path, (int)length);
            if (FettleReader.Accepts(mapped.GetSpan()))
            {
                return new Forest(FettleReader.Read(path, mapped.Memory), options, Checksum(mapped.GetSpan(), options));
            }
        }

        return Load(File.ReadAllBytes(path), path, options);
    }

    /// <summary>Reads a model from memory.</summary>
    /// <param name="bytes">The whole file; not copied, must not change.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ModelFormatException">The bytes are no model, are damaged, or ask for what is not supported.</exception>
    public static Forest Load(byte[] bytes, string name, ForestOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        options ??= new ForestOptions();
        return new Forest(ModelReader.Read(name, bytes, options), options, Checksum(bytes, options));
    }

    /// <summary>The same model run another way; nothing is read again.</summary>
    /// <param name="options">What is about reading has no effect. Without a <see cref="ForestOptions.KernelCache"/> the one the model was loaded with stays.</param>
    public Forest With(ForestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Forest(Model, options with { KernelCache = options.KernelCache ?? _options.KernelCache }, _checksum);
    }

    static string? Checksum(ReadOnlySpan<byte> bytes, ForestOptions options) =>
        options.KernelCache is null ? null : Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
}
