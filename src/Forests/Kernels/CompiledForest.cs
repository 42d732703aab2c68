namespace Fettle.Forests.Kernels;

/// <summary>The kernels that fit a model at an instruction-set level; what does not fit runs on the oracle.</summary>
internal sealed class CompiledForest
{
    CompiledForest(SimdLevel level, RowForest? row, string? rowProblem, IBlockKernel? block, string? blockProblem) =>
        (Level, Row, RowProblem, Block, BlockProblem) = (level, row, rowProblem, block, blockProblem);

    public SimdLevel Level { get; }

    public RowForest? Row { get; }

    public string? RowProblem { get; }

    public IBlockKernel? Block { get; }

    public string? BlockProblem { get; }

    public static CompiledForest Create(ForestModel model, SimdLevel level)
    {
        if (level == SimdLevel.Scalar || model.Trees.Length == 0)
        {
            var reason = model.Trees.Length == 0 ? "the model has no trees" : "no vector instructions";
            return new CompiledForest(level, null, reason, null, reason);
        }

        var (ranks, problem) = RankTable.Create(model);
        if (ranks is null)
        {
            return new CompiledForest(level, null, problem, null, problem);
        }

        var (row, rowProblem) = RowForest.Create(model, ranks, level);
        var (planes, blockProblem) = PlaneForest.Create(model, ranks);
        IBlockKernel? block = planes is null ? null : level == SimdLevel.Avx512 ? new BlockKernel<Mask512>(planes) : new BlockKernel<Mask256>(planes);
        return new CompiledForest(level, row, rowProblem, block, blockProblem);
    }
}
