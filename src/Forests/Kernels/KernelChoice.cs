using System.Collections.Concurrent;

namespace Fettle.Forests.Kernels;

/// <summary>The kernel that takes rows one by one.</summary>
internal enum RowKernel
{
    Plain,
    Walk,
    Row,
    Lanes,
}

/// <summary>Nanoseconds of each kernel of a model; null for one that the model does not fit.</summary>
/// <param name="Plain">One row through the oracle.</param>
/// <param name="Walk">One row through the scalar kernel.</param>
/// <param name="Row">One row through the kernel that decides all splits of a tree at once.</param>
/// <param name="Lanes">One row through the kernel that walks 32 trees at once.</param>
/// <param name="BatchWalk">A row of many through the scalar kernel.</param>
/// <param name="Block">One block, however full.</param>
internal sealed record KernelTimes(double Plain, double? Walk, double? Row, double? Lanes, double? BatchWalk, double? Block)
{
    /// <summary>Times belong to a model when it has exactly the kernels that they name.</summary>
    public bool Fit(CompiledForest compiled) =>
        (Walk is not null, Row is not null, Lanes is not null, BatchWalk is not null, Block is not null)
            == (compiled.Walk is not null, compiled.Row is not null, compiled.Lanes is not null, compiled.Walk is not null, compiled.Block is not null)
        && new[] { Plain, Walk, Row, Lanes, BatchWalk, Block }.All(t => t is null or (> 0 and < 1e15));
}

/// <summary>
/// What follows from the times of a model's kernels: which one takes single rows, which one small batches, and from how many rows on a block is faster.
/// They are measured when a model of a shape is first loaded and kept for the life of the process, or longer in a <see cref="KernelCache"/>.
/// </summary>
internal sealed record KernelChoice
{
    static readonly ConcurrentDictionary<Shape, KernelTimes> Known = new();

    /// <summary>Sizes within a factor of two share a decision.</summary>
    readonly record struct Shape(SimdLevel Level, int Trees, int Depth, int Leaves, int Features, int Margins, int Slots, bool Row, bool Lanes, bool Block, bool Walk);

    /// <summary>Null when nothing was measured.</summary>
    public KernelTimes? Times { get; private init; }

    /// <summary>Takes single rows.</summary>
    public RowKernel One { get; private init; }

    /// <summary>Batches below <see cref="BlockFrom"/> go to the scalar kernel as a whole.</summary>
    public bool WalkBatches { get; private init; }

    /// <summary>Batches of at least this many rows go to the batch kernel.</summary>
    public int BlockFrom { get; private init; } = int.MaxValue;

    /// <summary>The times were read from a file, not measured.</summary>
    public bool FromFile { get; init; }

    public static KernelChoice Of(ForestModel model, CompiledForest compiled, ForestKernel wanted, KernelCache? cache = null)
    {
        if (wanted == ForestKernel.Plain || compiled.IsEmpty)
        {
            return new KernelChoice();
        }

        var (times, fromFile) = TimesOf(model, compiled, cache);
        return From(times, compiled, plain: wanted != ForestKernel.Compiled) with { FromFile = fromFile };
    }

    static (KernelTimes Times, bool FromFile) TimesOf(ForestModel model, CompiledForest compiled, KernelCache? cache)
    {
        var shape = new Shape(
            compiled.Level, Log(model.Trees.Length), model.Depth, Log(model.LargestTree), Log(model.FeatureCount), model.MarginCount,
            Log(compiled.Block?.Slots ?? 0), compiled.Row is not null, compiled.Lanes is not null, compiled.Block is not null, compiled.Walk is not null);
        if (cache?.Read(compiled) is { } kept)
        {
            Known.TryAdd(shape, kept);
            return (kept, true);
        }

        var times = Known.GetOrAdd(shape, _ => KernelTrial.Measure(model, compiled));
        cache?.Write(times);
        return (times, false);
    }

    /// <summary>The choice that times lead to; without the plain walk when a compiled form is wanted at any price.</summary>
    internal static KernelChoice From(KernelTimes times, CompiledForest compiled, bool plain)
    {
        (RowKernel Kernel, double? Ns)[] all =
        [
            (RowKernel.Lanes, times.Lanes), (RowKernel.Row, times.Row), (RowKernel.Walk, times.Walk), (RowKernel.Plain, plain ? times.Plain : null),
        ];
        var (one, oneNs) = all.MinBy(k => k.Ns ?? double.MaxValue);
        var small = Math.Min(oneNs ?? double.MaxValue, times.BatchWalk ?? double.MaxValue);
        var from = times.Block is not { } block || block / compiled.Block!.BlockRows > small ? int.MaxValue : Math.Max(2, (int)Math.Ceiling(block / small));
        return new KernelChoice
        {
            Times = times,
            One = oneNs is null ? RowKernel.Plain : one,
            WalkBatches = times.BatchWalk < (oneNs ?? double.MaxValue),
            // Nothing but blocks: they take single rows too.
            BlockFrom = oneNs is null && times.BatchWalk is null ? 1 : from,
        };
    }

    static int Log(int value) => (int)Math.Ceiling(Math.Log2(Math.Max(1, value)));
}
