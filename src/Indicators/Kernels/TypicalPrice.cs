using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The mean of high, low and close.</summary>
internal static unsafe class TypicalPrice
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Run<V>(in Tile<V> tile, int from, V* typical, int count)
        where V : unmanaged, ILanes<V>
    {
        var high = tile.High + from;
        var low = tile.Low + from;
        var close = tile.Close + from;
        var three = V.Create(3);
        for (var i = 0; i < count; i++)
        {
            typical[i] = (high[i] + low[i] + close[i]) / three;
        }
    }
}
