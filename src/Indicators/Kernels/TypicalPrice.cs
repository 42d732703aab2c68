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
        var minusThree = V.Create(-3);
        var third = V.Create(1.0 / 3);
        for (var i = 0; i < count; i++)
        {
            // Division by 3 without the divider, to the same bits (Markstein 1990): the quotient by the rounded reciprocal, corrected by what is left of the dividend.
            var sum = high[i] + low[i] + close[i];
            var quotient = sum * third;
            typical[i] = V.Fma(V.Fma(minusThree, quotient, sum), third, quotient);
        }
    }
}
