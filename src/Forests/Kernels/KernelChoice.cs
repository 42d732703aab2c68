using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fettle.Forests.Kernels;

/// <summary>The kernel that takes rows one by one.</summary>
internal enum RowKernel
{
    Plain,
    Walk,
    Row,
}

/// <summary>
/// What was measured when a model of this shape was first loaded, and what follows: which kernel takes single rows, which takes small batches,
/// and from how many rows on a block is faster. The decision is kept per shape for the life of the process.
/// </summary>
/// <param name="PlainNs">One row through the oracle, nanoseconds; 0 when nothing was measured.</param>
/// <param name="WalkNs">One row through the scalar kernel; null when the model does not fit it.</param>
/// <param name="RowNs">One row through the row kernel; null when the model does not fit it.</param>
/// <param name="BatchWalkNs">A row of many through the scalar kernel.</param>
/// <param name="BlockNs">One block, however full; null when the model does not fit the batch kernel.</param>
/// <param name="One">Takes single rows.</param>
/// <param name="WalkBatches">Batches below <paramref name="BlockFrom"/> go to the scalar kernel as a whole.</param>
/// <param name="BlockFrom">Batches of at least this many rows go to the batch kernel.</param>
internal sealed record KernelChoice(
    double PlainNs, double? WalkNs, double? RowNs, double? BatchWalkNs, double? BlockNs, RowKernel One, bool WalkBatches, int BlockFrom)
{
    static readonly ConcurrentDictionary<Shape, KernelChoice> Known = new();

    /// <summary>Sizes within a factor of two share a decision.</summary>
    readonly record struct Shape(SimdLevel Level, int Trees, int Depth, int Leaves, int Features, int Margins, int Slots, bool Row, bool Block, bool Walk);

    public static KernelChoice Of(ForestModel model, CompiledForest compiled, ForestKernel wanted)
    {
        if (wanted == ForestKernel.Plain || compiled.IsEmpty)
        {
            return new KernelChoice(0, null, null, null, null, RowKernel.Plain, false, int.MaxValue);
        }

        var shape = new Shape(
            compiled.Level, Log(model.Trees.Length), model.Depth, Log(model.LargestTree), Log(model.FeatureCount), model.MarginCount,
            Log(compiled.Block?.Slots ?? 0), compiled.Row is not null, compiled.Block is not null, compiled.Walk is not null);
        var measured = Known.GetOrAdd(shape, _ => KernelTrial.Measure(model, compiled));
        return wanted == ForestKernel.Compiled && measured.One == RowKernel.Plain
            ? measured with { One = compiled.Row is not null ? RowKernel.Row : compiled.Walk is not null ? RowKernel.Walk : RowKernel.Plain, BlockFrom = compiled.Row is null && compiled.Walk is null ? 1 : measured.BlockFrom }
            : measured;
    }

    static int Log(int value) => (int)Math.Ceiling(Math.Log2(Math.Max(1, value)));

    /// <summary>Nanoseconds of a batch that is not worked in blocks, per row.</summary>
    public double SmallBatchNs => WalkBatches ? BatchWalkNs!.Value : One switch
    {
        RowKernel.Row => RowNs!.Value,
        RowKernel.Walk => WalkNs!.Value,
        _ => PlainNs,
    };
}

/// <summary>Times the kernels of a model on seeded rows: the shortest of a few runs after one that compiles the code.</summary>
internal static class KernelTrial
{
    const int Trials = 4;
    const int SingleRows = 16;
    const int BatchRows = 64;

    public static KernelChoice Measure(ForestModel model, CompiledForest compiled) => model.Arithmetic == ForestArithmetic.Single
        ? Measure<float>(model, compiled, (row, sums) => PlainWalk.Single(model, row, sums), (row, sums) => compiled.Row!.Single(row, sums))
        : Measure<double>(model, compiled, (row, sums) => PlainWalk.Double(model, row, sums), (row, sums) => compiled.Row!.Double(row, sums));

    delegate void Kernel<TSum>(ReadOnlySpan<float> row, Span<TSum> sums);

    static KernelChoice Measure<TSum>(ForestModel model, CompiledForest compiled, Kernel<TSum> plain, Kernel<TSum> row) where TSum : unmanaged
    {
        var random = new Random(1);
        var (features, margins) = (model.FeatureCount, model.MarginCount);
        var block = compiled.Block?.BlockRows ?? BatchRows;
        var rows = new float[Math.Max(block, BatchRows) * features];
        foreach (ref var value in rows.AsSpan())
        {
            value = (float)(random.NextDouble() * 4 - 2);
        }

        var sums = new TSum[Math.Max(block, BatchRows) * margins];
        double Each(Kernel<TSum> kernel) => Best(() =>
        {
            for (var r = 0; r < SingleRows; r++)
            {
                kernel(rows.AsSpan(r * features, features), sums.AsSpan(0, margins));
            }
        }) / SingleRows;
        var plainNs = Each(plain);
        double? rowNs = compiled.Row is null ? null : Each(row);
        double? walkNs = compiled.Walk is null ? null : Each((r, s) => compiled.Walk.Run(r, 1, s));
        double? batchNs = compiled.Walk is null ? null : Best(() => compiled.Walk.Run<float, TSum>(rows, BatchRows, sums)) / BatchRows;
        double? blockNs = compiled.Block is null ? null : Best(() => compiled.Block.Run<float, TSum>(rows, block, sums));
        var one = rowNs <= (walkNs ?? double.MaxValue) && rowNs < plainNs ? RowKernel.Row : walkNs < plainNs ? RowKernel.Walk : RowKernel.Plain;
        var oneNs = one switch { RowKernel.Row => rowNs!.Value, RowKernel.Walk => walkNs!.Value, _ => plainNs };
        var small = Math.Min(oneNs, batchNs ?? double.MaxValue);
        var from = blockNs is null || blockNs / block > small ? int.MaxValue : Math.Max(2, (int)Math.Ceiling(blockNs.Value / small));
        return new KernelChoice(plainNs, walkNs, rowNs, batchNs, blockNs, one, batchNs < oneNs, from);
    }

    static double Best(Action action)
    {
        action();
        var best = double.MaxValue;
        for (var i = 0; i < Trials; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return best;
    }
}
