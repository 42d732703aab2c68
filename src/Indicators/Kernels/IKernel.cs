using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// The arithmetic of one indicator, told once: takes bar <c>i</c> of the tile and writes the outputs of bar <c>i</c>.
/// A kernel sees finite values only. Gaps are the driver's: it resets the kernel, so that what follows a gap equals a series that begins there.
/// </summary>
internal interface IKernel<V>
    where V : unmanaged, ILanes<V>
{
    void Reset();

    void Next(in Tile<V> tile, int i);
}

/// <summary>Columns of one tile; an input that the indicator does not read, or an output that it does not have, is null.</summary>
internal unsafe struct Tile<V>
    where V : unmanaged, ILanes<V>
{
    public V* Open;
    public V* High;
    public V* Low;
    public V* Close;
    public V* Volume;
    public V* Reference;
    public V* Out0;
    public V* Out1;
    public V* Out2;
    public V* Out3;
}

internal static class KernelLoop
{
    /// <summary>A method of its own in any case: joined to its caller it would exceed what the compiler inlines. Runs bars <c>from</c> to <c>to</c> (exclusive) on a local copy of the kernel, which the compiler keeps in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Run<TKernel, V>(ref TKernel kernel, in Tile<V> tile, int from, int to)
        where TKernel : struct, IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        var local = kernel;
        var columns = tile;
        for (var i = from; i < to; i++)
        {
            local.Next(columns, i);
        }

        kernel = local;
    }
}
