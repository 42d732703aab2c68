using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fettle.Forests.Kernels;

/// <summary>
/// What was measured when a model of this shape was first loaded, and what follows: which kernel takes single rows,
/// and from how many rows on a block is faster than row after row. The decision is kept per shape for the life of the process.
/// </summary>
/// <param name="PlainNs">One row through the oracle, nanoseconds.</param>
/// <param name="RowNs">One row through the row kernel; null when the model does not fit it.</param>
/// <param name="BlockNs">One block, however full; null when the model does not fit the batch kernel.</param>
/// <param name="UseRow">The row kernel takes single rows.</param>
/// <param name="BlockFrom">Batches of at least this many rows go to the batch kernel.</param>
internal sealed record KernelChoice(double PlainNs, double? RowNs, double? BlockNs, bool UseRow, int BlockFrom)
{
    const int Trials = 4;
    const int Rows = 16;

    static readonly ConcurrentDictionary<(SimdLevel, int, int, int, int, int, bool), KernelChoice> Known = new();

    public static KernelChoice Of(ForestModel model, CompiledForest compiled, ForestKernel wanted)
    {
        if (wanted == ForestKernel.Plain || (compiled.Row is null && compiled.Block is null))
        {
            return new KernelChoice(0, null, null, false, int.MaxValue);
        }

        if (wanted == ForestKernel.Compiled)
        {
            return new KernelChoice(0, null, null, compiled.Row is not null, compiled.Block is null ? int.MaxValue : compiled.Row is null ? 1 : 48);
        }

        // Blocks of an empty tree or a tree of 20 leaves cost alike; sizes within a factor of two share a decision.
        var shape = (compiled.Level, Log(model.Trees.Length), model.Depth, Log(model.LargestTree), Log(model.FeatureCount), model.MarginCount, compiled.Row is null);
        return Known.GetOrAdd(shape, _ => Measure(model, compiled));
    }

    static int Log(int value) => (int)Math.Ceiling(Math.Log2(Math.Max(1, value)));

    static KernelChoice Measure(ForestModel model, CompiledForest compiled)
    {
        var random = new Random(1);
        var block = compiled.Block?.BlockRows ?? Rows;
        var rows = new float[block * model.FeatureCount];
        foreach (ref var value in rows.AsSpan())
        {
            value = (float)(random.NextDouble() * 4 - 2);
        }

        var features = model.FeatureCount;
        var single = model.Arithmetic == ForestArithmetic.Single;
        var singles = new float[block * model.MarginCount];
        var doubles = new double[block * model.MarginCount];
        var plain = Best(() =>
        {
            for (var r = 0; r < Rows; r++)
            {
                var row = rows.AsSpan(r * features, features);
                if (single)
                {
                    PlainWalk.Single<float>(model, row, singles.AsSpan(0, model.MarginCount));
                }
                else
                {
                    PlainWalk.Double<float>(model, row, doubles.AsSpan(0, model.MarginCount));
                }
            }
        }) / Rows;
        double? walk = compiled.Row is null ? null : Best(() =>
        {
            for (var r = 0; r < Rows; r++)
            {
                var row = rows.AsSpan(r * features, features);
                if (single)
                {
                    compiled.Row.Single<float>(row, singles.AsSpan(0, model.MarginCount));
                }
                else
                {
                    compiled.Row.Double<float>(row, doubles.AsSpan(0, model.MarginCount));
                }
            }
        }) / Rows;
        double? planes = compiled.Block is null ? null : Best(() =>
        {
            if (single)
            {
                compiled.Block.Run<float, float>(rows, block, singles);
            }
            else
            {
                compiled.Block.Run<float, double>(rows, block, doubles);
            }
        });
        var oneRow = Math.Min(plain, walk ?? double.MaxValue);
        return new KernelChoice(plain, walk, planes, walk < plain, planes is null ? int.MaxValue : Math.Max(2, (int)Math.Min(int.MaxValue, Math.Ceiling(planes.Value / oneRow))));
    }

    /// <summary>Shortest of a few runs after one that compiles the code.</summary>
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
