namespace Fettle.Forests;

/// <summary>Which code walks the trees.</summary>
public enum ForestKernel
{
    /// <summary>The fastest that fits the model and the processor, measured once at load.</summary>
    Auto,

    /// <summary>The plain scalar walk over the trees as the file has them: the oracle of every other kernel.</summary>
    Plain,

    /// <summary>A compiled form only, never the plain walk; loading fails for a model that has none.</summary>
    Compiled,
}

/// <summary>Where predictions run.</summary>
public enum ForestDevice
{
    /// <summary>The processor unless an accelerator would be faster; there is none this library drives, so the processor.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An accelerator; falls back to the processor with one log line.</summary>
    Gpu,
}

/// <summary>How a forest is loaded and run. The forest copies what it needs; changes afterwards have no effect.</summary>
public sealed record ForestOptions
{
    /// <summary>Default: <see cref="ForestKernel.Auto"/>.</summary>
    public ForestKernel Kernel
    {
        get;
        set => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Kernel), value, "Kernel is Auto, Plain or Compiled");
    }

    /// <summary>Default: <see cref="ForestDevice.Auto"/>.</summary>
    public ForestDevice Device
    {
        get;
        set => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Device), value, "Device is Auto, Cpu or Gpu");
    }

    /// <summary>
    /// Use the trees up to <c>best_iteration</c> only, as the scikit-learn wrapper of XGBoost does.
    /// Default: false, all trees, as <c>Booster.predict</c> does. XGBoost writes the attribute even without early stopping.
    /// </summary>
    public bool UseBestIteration { get; set; }

    /// <summary>Threads for one batch. Default: 1. Range: 1–256.</summary>
    public int Threads
    {
        get;
        set => field = value is >= 1 and <= 256 ? value : throw new ArgumentOutOfRangeException(nameof(Threads), value, "Threads is 1 to 256");
    } = 1;

    /// <summary>
    /// The smallest batch that is spread over <see cref="Threads"/>. Default: null, measured at load: the batch for which starting the threads
    /// costs a tenth of what they save. Range: 1 and more.
    /// </summary>
    public int? ParallelRows
    {
        get;
        set => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(ParallelRows), value, "ParallelRows is 1 or more, or null");
    }

    /// <summary>The largest model file that is read, in bytes. Default: 2 GiB − 1. Range: 1 to 2 GiB − 1.</summary>
    public long MaxFileBytes
    {
        get;
        set => field = value is >= 1 and <= int.MaxValue ? value : throw new ArgumentOutOfRangeException(nameof(MaxFileBytes), value, "MaxFileBytes is 1 to 2147483647");
    } = int.MaxValue;

    /// <summary>
    /// Read a Fettle binary from a memory mapping, not from a copy of the file; other formats are copied all the same. Default: false.
    /// Nothing may shorten the file meanwhile, or the process ends; files that are replaced by a rename, as the registry does, are safe.
    /// </summary>
    public bool MapFile { get; set; }

    /// <summary>
    /// Folder that keeps the measured times of a model's kernels between processes, a small file per model, processor, instruction set and build of this
    /// library; a file that is damaged or belongs to something else is measured again. Default: null, kept for the life of the process.
    /// </summary>
    public string? KernelCache
    {
        get;
        set => field = value is null or { Length: > 0 } ? value : throw new ArgumentOutOfRangeException(nameof(KernelCache), value, "KernelCache is a folder, or null");
    }

    /// <summary>Receives the one line that says that no accelerator is used. Default: standard error.</summary>
    public Action<string>? Log { get; set; }
}
