using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Place of the close between the lowest low and the highest high of the last <c>period</c> bars, in percent; 0 for a range of 0.</summary>
internal unsafe struct RangePlace<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _columns = new(2 * Block.Length);
    ExtremeWindow<V, Highest> _high = new(period);
    ExtremeWindow<V, Lowest> _low = new(period);

    public void Reset()
    {
        _high.Reset();
        _low.Reset();
    }

    /// <summary>Takes the bars <c>from..to</c> and returns the first index that has a place.</summary>
    public int Run(V* high, V* low, V* close, V* percent, int from, int to)
    {
        var top = _columns.Start;
        var bottom = _columns.Start + Block.Length;
        _high.Run(high, top, from, to);
        var first = _low.Run(low, bottom, from, to);
        Place(top, bottom, close, percent, first, to);
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Place(V* top, V* bottom, V* close, V* percent, int from, int to)
    {
        var zero = V.Create(0);
        var hundred = V.Create(100);
        for (var i = from; i < to; i++)
        {
            var low = bottom[i];
            var range = top[i] - low;
            percent[i] = V.IfEqual(range, zero, zero, hundred * ((close[i] - low) / range));
        }
    }
}

/// <summary>A simple average that a period of 1 switches off. Short ones are summed about the newest value: equal values are their own mean exactly.</summary>
internal unsafe struct Smoothing<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly bool _isShort = period <= RecentValues<V>.LongestShortWindow;
    MeanWindow<V> _window = new(Math.Max(2, period));
    RecentValues<V> _recent = new(Math.Min(period, RecentValues<V>.LongestShortWindow) - 1);

    public void Reset()
    {
        _window.Reset();
        _recent.Reset();
    }

    /// <summary>Takes <c>x[from..to)</c> and returns the first index that has an average.</summary>
    public int Run(V* x, V* y, int from, int to)
    {
        if (!_isShort)
        {
            return _window.Run(x, y, from, to);
        }

        var values = _recent.Take(x + from, to - from, out var first);
        Means(values, y + from, first, to - from);
        _recent.Keep(to - from);
        return from + first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    readonly void Means(V* values, V* y, int first, int count)
    {
        var inverse = V.Create(1.0 / period);
        if (period == 3)
        {
            // The usual one, without the inner loop; the same operations in the same order.
            for (var i = first; i < count; i++)
            {
                var newest = values[i];
                y[i] = V.Fma(values[i - 1] - newest + (values[i - 2] - newest), inverse, newest);
            }

            return;
        }

        for (var i = first; i < count; i++)
        {
            var newest = values[i];
            var sum = V.Create(0);
            for (var k = 1; k < period; k++)
            {
                sum += values[i - k] - newest;
            }

            y[i] = V.Fma(sum, inverse, newest);
        }
    }
}
