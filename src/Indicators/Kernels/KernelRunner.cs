using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>A kernel with its type hidden, so that drivers are written once; one virtual call per tile, not per bar.</summary>
internal abstract class KernelRunner<V>
    where V : unmanaged, ILanes<V>
{
    public abstract void Reset();

    public abstract void Run(in Tile<V> tile, int from, int to);
}

/// <summary>Cuts a range of bars into blocks.</summary>
internal sealed class KernelRunner<TKernel, V>(TKernel kernel) : KernelRunner<V>
    where TKernel : struct, IKernel<V>
    where V : unmanaged, ILanes<V>
{
    TKernel _kernel = kernel;

    public override void Reset() => Kernel.Reset();

    // By reference: the state that a block leaves behind must not end in a copy.
    ref TKernel Kernel => ref _kernel;

    public override void Run(in Tile<V> tile, int from, int to)
    {
        for (; from < to; from += Block.Length)
        {
            Kernel.Run(tile, from, Math.Min(Block.Length, to - from));
        }
    }
}

/// <summary>A runner with the plan of the columns that it reads.</summary>
internal sealed class PlannedRunner<V>(ColumnPlan<V> plan, KernelRunner<V> runner) : KernelRunner<V>
    where V : unmanaged, ILanes<V>
{
    static readonly int[] FromTheFirstBar = [0];

    public override void Reset()
    {
        plan.Reset(FromTheFirstBar);
        runner.Reset();
    }

    public override void Run(in Tile<V> tile, int from, int to)
    {
        for (; from < to; from += Block.Length)
        {
            var count = Math.Min(Block.Length, to - from);
            plan.Run(tile, from, count, 0);
            runner.Run(tile, from, from + count);
        }
    }
}
