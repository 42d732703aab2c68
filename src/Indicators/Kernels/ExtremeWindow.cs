using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The highest or lowest of the last <c>period</c> values: a few operations a bar whatever the period, and no branch on data (van Herk 1992).</summary>
internal unsafe struct ExtremeWindow<V, TFold>(int period)
    where V : unmanaged, ILanes<V>
    where TFold : struct, IFold
{
    readonly bool _isShort = period <= RecentValues<V>.LongestShortWindow;
    RecentValues<V> _recent = new(Math.Min(period, RecentValues<V>.LongestShortWindow) - 1);
    FoldWindow<V, TFold> _long = new(period);

    public void Reset()
    {
        _long.Reset();
        _recent.Reset();
    }

    /// <summary>Takes <c>x[from..to)</c> and writes the extremes of the windows that end there. Returns the first index that has one; before it <paramref name="y"/> holds nothing of use.</summary>
    public int Run(V* x, V* y, int from, int to)
    {
        if (!_isShort)
        {
            return _long.Run(x, y, from, to);
        }

        var values = _recent.Take(x + from, to - from, out var first);
        Pick(values, y + from, first, to - from);
        _recent.Keep(to - from);
        return from + first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    readonly void Pick(V* values, V* y, int first, int count)
    {
        if (period == 5)
        {
            // The stochastic's usual one, without the inner loop.
            for (var i = first; i < count; i++)
            {
                var recent = TFold.Fold(values[i], values[i - 1]);
                var earlier = TFold.Fold(values[i - 2], values[i - 3]);
                y[i] = TFold.Fold(TFold.Fold(recent, earlier), values[i - 4]);
            }

            return;
        }

        for (var i = first; i < count; i++)
        {
            var extreme = values[i];
            for (var k = 1; k < period; k++)
            {
                extreme = TFold.Fold(extreme, values[i - k]);
            }

            y[i] = extreme;
        }
    }
}
