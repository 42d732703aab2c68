namespace Fettle.Forests.Kernels;

/// <summary>Scratch of one thread: ranks, answers and sums of a block.</summary>
internal sealed class BlockScratch
{
    public const int MaxPlanes = 8;

    public BlockScratch(PlaneForest forest, int rows, int tableBytes)
    {
        var bytes = rows / 8;
        var slots = Math.Max(1, forest.Ranks.Slots);
        var single = forest.Model.Arithmetic == ForestArithmetic.Single;
        Ranks = new AlignedBytes(slots * rows);
        Missing = new AlignedBytes(slots * rows);
        Tables = new AlignedBytes(tableBytes);
        Planes = new AlignedBytes(MaxPlanes * bytes);
        Reach = new AlignedBytes((2 * PlaneForest.MaxLeaves + 1) * bytes);
        Indexes = new AlignedBytes(rows);
        Sums = new AlignedBytes(forest.Model.MarginCount * rows * (single ? sizeof(float) : sizeof(double)));
    }

    /// <summary>[slot][rows].</summary>
    public AlignedBytes Ranks { get; }

    /// <summary>[slot][rows] 0xFF where the value is missing.</summary>
    public AlignedBytes Missing { get; }

    /// <summary>As <see cref="SlotTables{TMask}"/> lays them out, one bit per row.</summary>
    public AlignedBytes Tables { get; }

    /// <summary>The lowest bit of a byte per row first.</summary>
    public AlignedBytes Planes { get; }

    /// <summary>[node of the tree at hand] one bit per row; the last register stays empty (<see cref="ReachProgram.Nowhere"/>).</summary>
    public AlignedBytes Reach { get; }

    public AlignedBytes Indexes { get; }

    /// <summary>[margin][rows], rows in the order of <see cref="IMask{TSelf}.RowAt"/>.</summary>
    public AlignedBytes Sums { get; }
}

/// <summary>Keeps one scratch per thread that was ever at work at the same time.</summary>
internal sealed class ScratchPool(Func<BlockScratch> create)
{
    readonly System.Collections.Concurrent.ConcurrentBag<BlockScratch> _free = [];

    public BlockScratch Rent() => _free.TryTake(out var scratch) ? scratch : create();

    public void Return(BlockScratch scratch) => _free.Add(scratch);
}
