using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// An indicator that is told in passes over a block of bars, each a small loop whose state fits the registers. One loop over everything would
/// exceed what the compiler inlines, and each value would then travel through memory.
/// </summary>
/// <remarks>
/// 1. A pass takes columns and writes columns. It returns the index from which on its column has values; the next pass begins there.
/// 2. Outputs are written when no input of the block is read any more at another index: an output may be the very memory of an input. An output may be read by
///    the pass that makes the next one, in step; two outputs that are the same memory then hold the later one.
/// 3. The state of every pass is carried from block to block, so that results do not depend on where blocks end: a stream is a sequence of blocks of one.
/// </remarks>
internal interface IBlockKernel<V>
    where V : unmanaged, ILanes<V>
{
    void Reset();

    /// <summary>Takes the bars <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> of the tile; at most <see cref="Block.Length"/>.</summary>
    void Run(in Tile<V> tile, int from, int count);
}

internal static unsafe class Block
{
    /// <summary>Bars in a block: a column of eight lanes is then 4 KiB, and the half dozen columns of a kernel stay in the first-level cache.</summary>
    public const int Length = 64;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void FillNaN<V>(V* column, int to)
        where V : unmanaged, ILanes<V>
    {
        var nan = V.Create(double.NaN);
        for (var i = 0; i < to; i++)
        {
            column[i] = nan;
        }
    }

    /// <summary>Copies <c>from</c> to <c>to</c> (exclusive) and writes NaN before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Copy<V>(V* source, V* target, int from, int to)
        where V : unmanaged, ILanes<V>
    {
        FillNaN(target, from);
        for (var i = from; i < to; i++)
        {
            target[i] = source[i];
        }
    }
}

/// <summary>Cuts a range of bars into blocks.</summary>
internal sealed class BlockRunner<TKernel, V>(TKernel kernel) : KernelRunner<V>
    where TKernel : struct, IBlockKernel<V>
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
