using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// The arithmetic of one indicator, told once, in passes over a block of bars: each is a small loop whose state fits the registers. One loop over everything
/// would exceed what the compiler inlines, and each value would then travel through memory.
/// </summary>
/// <remarks>
/// 1. A kernel sees finite values only. Gaps are the driver's: it resets the kernel, so that what follows a gap equals a series that begins there.
/// 2. A pass takes columns and writes columns. It returns the index from which on its column has values; the next pass begins there.
/// 3. Outputs are written when no input of the block is read any more at another index: an output may be the very memory of an input. An output may be read by
///    the pass that makes the next one, in step; two outputs that are the same memory then hold the later one.
/// 4. The state of every pass is carried from block to block, so that results do not depend on where blocks end: a stream is a sequence of blocks of one.
/// </remarks>
internal interface IKernel<V>
    where V : unmanaged, ILanes<V>
{
    void Reset();

    /// <summary>Takes the bars <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> of the tile; at most <see cref="Block.Length"/>.</summary>
    void Run(in Tile<V> tile, int from, int count);
}
