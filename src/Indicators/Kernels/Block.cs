using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>What passes over a block share.</summary>
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
