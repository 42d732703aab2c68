using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Wilder's true range.</summary>
internal unsafe struct TrueRanges<V>
    where V : unmanaged, ILanes<V>
{
    V _close;
    bool _started;

    public void Reset() => _started = false;

    /// <summary>Writes the ranges of <paramref name="count"/> bars, which may be over the closes. Returns the first index that has one: 1 at the first bar of all, which has no close before it.</summary>
    public int Run(V* high, V* low, V* close, V* range, int count)
    {
        var first = _started ? 0 : 1;
        _started = true;
        Continue(high, low, close, range, count);
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    void Continue(V* highs, V* lows, V* closes, V* range, int count)
    {
        var previous = _close;
        for (var i = 0; i < count; i++)
        {
            var high = highs[i];
            var low = lows[i];
            var close = closes[i];
            range[i] = V.Max(high - low, V.Max(V.Abs(high - previous), V.Abs(low - previous)));
            previous = close;
        }

        _close = previous;
    }
}
