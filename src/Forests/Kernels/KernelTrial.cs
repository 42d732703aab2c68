using System.Diagnostics;
using System.Numerics;

namespace Fettle.Forests.Kernels;

/// <summary>Times the kernels of a model on seeded rows: the shortest of a few runs after one that compiles the code.</summary>
internal static class KernelTrial
{
    const int Trials = 4;
    const int SingleRows = 16;
    const int BatchRows = 64;

    public static KernelTimes Measure(ForestModel model, CompiledForest compiled)
    {
        var count = Math.Max(compiled.Block?.BlockRows ?? 0, BatchRows);
        var random = new Random(1);
        var rows = new float[count * model.FeatureCount];
        foreach (ref var value in rows.AsSpan())
        {
            value = (float)(random.NextDouble() * 4 - 2);
        }

        return Measure(model, compiled, rows, count, Trials);
    }

    /// <summary>The shortest of <paramref name="trials"/> runs of each kernel over the first of <paramref name="count"/> rows.</summary>
    public static KernelTimes Measure(ForestModel model, CompiledForest compiled, float[] rows, int count, int trials) => model.Arithmetic == ForestArithmetic.Single
        ? Measure<float>(model, compiled, rows, count, trials, (row, sums) => PlainWalk.Single(model, row, sums), (row, sums) => compiled.Row!.Single(row, sums))
        : Measure<double>(model, compiled, rows, count, trials, (row, sums) => PlainWalk.Double(model, row, sums), (row, sums) => compiled.Row!.Double(row, sums));

    delegate void Kernel<TSum>(ReadOnlySpan<float> row, Span<TSum> sums);

    static KernelTimes Measure<TSum>(ForestModel model, CompiledForest compiled, float[] rows, int count, int trials, Kernel<TSum> plain, Kernel<TSum> row)
        where TSum : unmanaged, INumber<TSum>
    {
        var (features, margins) = (model.FeatureCount, model.MarginCount);
        var block = Math.Min(compiled.Block?.BlockRows ?? 1, count);
        var batch = Math.Min(BatchRows, count);
        var sums = new TSum[count * margins];
        var first = 0;
        double Each(Kernel<TSum> kernel) => Best(trials, () =>
        {
            // Other rows in every run: a row that is repeated teaches the branch predictor its way.
            for (var i = 0; i < SingleRows; i++, first++)
            {
                kernel(rows.AsSpan(first % count * features, features), sums.AsSpan(0, margins));
            }
        }) / SingleRows;
        return new KernelTimes(
            Each(plain),
            compiled.Walk is null ? null : Each((r, s) => compiled.Walk.Run(r, 1, s)),
            compiled.Row is null ? null : Each(row),
            compiled.Lanes is null ? null : Each((r, s) => compiled.Lanes.Run(r, s)),
            compiled.Walk is null ? null : Best(trials, () => compiled.Walk.Run<float, TSum>(rows.AsSpan(0, batch * features), batch, sums)) / batch,
            compiled.Block is null ? null : Best(trials, () => compiled.Block.Run<float, TSum>(rows.AsSpan(0, block * features), block, sums)));
    }

    static double Best(int trials, Action action)
    {
        action();
        var best = double.MaxValue;
        for (var i = 0; i < trials; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        // A clock that did not move still gives a time.
        return Math.Max(best, 1);
    }
}
