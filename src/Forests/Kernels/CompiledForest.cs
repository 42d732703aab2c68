namespace Fettle.Forests.Kernels;

/// <summary>The kernels that fit a model at an instruction-set level; what does not fit runs on the oracle.</summary>
internal sealed class CompiledForest
{
    CompiledForest(SimdLevel level) => Level = level;

    public SimdLevel Level { get; }

    /// <summary>Single rows, all splits of a tree at once.</summary>
    public RowForest? Row { get; private init; }

    public string? RowProblem { get; private init; }

    /// <summary>Single rows, 32 trees at once.</summary>
    public LaneForest? Lanes { get; private init; }

    public string? LanesProblem { get; private init; }

    /// <summary>Blocks of rows, one bit per row and test.</summary>
    public IBlockKernel? Block { get; private init; }

    public string? BlockProblem { get; private init; }

    /// <summary>Any number of rows, node by node, at every level.</summary>
    public IWalkForest? Walk { get; private init; }

    public string? WalkProblem { get; private init; }

    public bool IsEmpty => Row is null && Lanes is null && Block is null && Walk is null;

    public static CompiledForest Create(ForestModel model, SimdLevel level)
    {
        if (model.Trees.Length == 0)
        {
            const string None = "the model has no trees";
            return new CompiledForest(level) { RowProblem = None, LanesProblem = None, BlockProblem = None, WalkProblem = None };
        }

        var (walk, walkProblem) = model.Arithmetic == ForestArithmetic.Single ? WalkForest<float>.Create(model) : WalkForest<double>.Create(model);
        if (level == SimdLevel.Scalar)
        {
            const string None = "no vector instructions";
            return new CompiledForest(level) { RowProblem = None, LanesProblem = None, BlockProblem = None, Walk = walk, WalkProblem = walkProblem };
        }

        var (ranks, problem) = RankTable.Create(model);
        if (ranks is null)
        {
            return new CompiledForest(level) { RowProblem = problem, LanesProblem = problem, BlockProblem = problem, Walk = walk, WalkProblem = walkProblem };
        }

        var (row, rowProblem) = RowForest.Create(model, ranks, level);
        var (lanes, lanesProblem) = LaneForest.Create(model, ranks);
        var (planes, blockProblem) = PlaneForest.Create(model, ranks);
        IBlockKernel? block = planes is null ? null : level == SimdLevel.Avx512 ? new BlockKernel<Mask512>(planes) : new BlockKernel<Mask256>(planes);
        return new CompiledForest(level)
        {
            Row = row, RowProblem = rowProblem, Lanes = lanes, LanesProblem = lanesProblem, Block = block, BlockProblem = blockProblem, Walk = walk, WalkProblem = walkProblem,
        };
    }
}
