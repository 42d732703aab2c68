using System.Diagnostics;
using System.Numerics;
using Fettle.Forests.Kernels;

namespace Fettle.Forests;

public sealed partial class Forest
{
    /// <summary>
    /// Times every kernel at every instruction set of this processor on one thread, from margin to margin. The batch is timed
    /// <paramref name="rounds"/> times, and as many times a hundred single rows, which rotate.
    /// </summary>
    /// <param name="rows">[count][FeatureCount]; rows that the model is used for, because branches and caches depend on them.</param>
    /// <param name="count">Number of rows, 1 and more.</param>
    /// <param name="rounds">1 and more.</param>
    /// <returns>Instruction sets from the weakest, kernels from the slowest batch; kernels that the model does not fit at the end.</returns>
    public IReadOnlyList<KernelRank> RankKernels(float[] rows, int count, int rounds = 5)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Throw.Outside(count, 1, int.MaxValue, nameof(count));
        Throw.Outside(rounds, 1, int.MaxValue, nameof(rounds));
        Check(rows.Length, count, int.MaxValue, 1);
        return Model.Arithmetic == ForestArithmetic.Single
            ? Rank<float>(rows, count, rounds, (row, sums) => PlainWalk.Single(Model, row, sums), (kernel, row, sums) => kernel.Single(row, sums))
            : Rank<double>(rows, count, rounds, (row, sums) => PlainWalk.Double(Model, row, sums), (kernel, row, sums) => kernel.Double(row, sums));
    }

    delegate void OneRow<TSum>(ReadOnlySpan<float> row, Span<TSum> sums);

    delegate void RowOf<TSum>(RowForest kernel, ReadOnlySpan<float> row, Span<TSum> sums);

    List<KernelRank> Rank<TSum>(float[] rows, int count, int rounds, OneRow<TSum> plain, RowOf<TSum> row) where TSum : unmanaged, INumber<TSum>
    {
        var ranks = new List<KernelRank>();
        var sums = new TSum[count * Model.MarginCount];
        for (var level = SimdLevel.Scalar; level <= Simd.Best; level++)
        {
            var compiled = CompiledForest.Create(Model, level);
            var block = compiled.Block;
            List<KernelRank> own =
            [
                Single("plain", null, plain),
                Single("all splits at once", compiled.RowProblem, (r, s) => row(compiled.Row!, r, s)),
                Single("32 trees at once", compiled.LanesProblem, (r, s) => compiled.Lanes!.Run(r, s)),
                Single("walk", compiled.WalkProblem, (r, s) => compiled.Walk!.Run(r, 1, s)) with
                {
                    Batch = compiled.Walk is { } walk ? Shortest(rounds, () => walk.Run<float, TSum>(rows, count, sums)) / count : null,
                },
                new KernelRank("", "blocks", null, block is null ? null : Shortest(rounds, () => block.Run<float, TSum>(rows, count, sums)) / count, compiled.BlockProblem),
            ];
            var name = level.ToString().ToLowerInvariant();
            ranks.AddRange(own.Where(k => level == SimdLevel.Scalar ? k.Kernel is "plain" or "walk" : k.Kernel is not ("plain" or "walk"))
                .OrderByDescending(k => k.Batch ?? k.OneRow ?? -1).Select(k => k with { Instructions = name }));
        }

        return ranks;

        KernelRank Single(string name, string? problem, OneRow<TSum> kernel)
        {
            if (problem is not null)
            {
                return new KernelRank("", name, null, null, problem);
            }

            const int Rotating = 100;
            var at = 0;
            var one = Shortest(rounds, () =>
            {
                for (var i = 0; i < Rotating; i++, at++)
                {
                    kernel(rows.AsSpan(at % count * FeatureCount, FeatureCount), sums.AsSpan(0, Model.MarginCount));
                }
            }) / Rotating;
            return new KernelRank("", name, one, null, null);
        }
    }

    static double Shortest(int rounds, Action action)
    {
        action();
        var best = double.MaxValue;
        for (var i = 0; i < rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return best;
    }
}
