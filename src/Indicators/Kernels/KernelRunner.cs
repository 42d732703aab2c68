using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>A kernel with its type hidden, so that drivers are written once; one virtual call per tile, not per bar.</summary>
internal abstract class KernelRunner<V>
    where V : unmanaged, ILanes<V>
{
    public abstract void Reset();

    public abstract void Run(in Tile<V> tile, int from, int to);
}

internal sealed class KernelRunner<TKernel, V>(TKernel kernel) : KernelRunner<V>
    where TKernel : struct, IKernel<V>
    where V : unmanaged, ILanes<V>
{
    TKernel _kernel = kernel;

    public override void Reset() => _kernel.Reset();

    public override void Run(in Tile<V> tile, int from, int to) => KernelLoop.Run(ref _kernel, tile, from, to);
}
