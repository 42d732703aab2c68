using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The mean of the last <c>period</c> values with weights 1 (oldest) to <c>period</c> (newest), in two stacks as <see cref="MomentWindow{V}"/>.</summary>
/// <remarks>
/// A suffix of j values carries weights 1 to j; one more value in front raises each weight by one, so its weighted sum grows by the new plain sum.
/// A prefix carries weights j + 1 and up: j times its plain sum, and its own weighted sum.
/// </remarks>
internal unsafe struct WeightedWindow<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _stretch = new(period - 1);
    int _seen;
    int _at;
    V _anchor;
    V _prefix;
    V _weighted;

    public void Reset() => _seen = _at = 0;

    /// <summary>Takes <c>x[from..to)</c> and writes the means of the windows that end there. Returns the first index that has one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public int Run(V* x, V* y, int from, int to)
    {
        var stretch = _stretch.Start;
        var length = _stretch.Length;
        var at = _at;
        var anchor = _anchor;
        var prefix = _prefix;
        var weighted = _weighted;
        var one = V.Create(1);
        var inverse = V.Create(2.0 / ((double)period * (period + 1)));
        var first = Math.Min(to, from + length - _seen);
        _seen = Math.Min(length, _seen + to - from);
        for (var i = from; i < to;)
        {
            if (at == length)
            {
                anchor = Close(stretch, length);
                prefix = weighted = V.Create(0);
                at = 0;
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            for (; i < first; i++, at++)
            {
                old[i] = x[i];
            }

            var weight = V.Create(at + 1);
            var before = V.Create(length - at);
            at += stop - i;
            for (; i < stop; i++)
            {
                var value = x[i];
                var distance = value - anchor;
                prefix += distance;
                weighted = V.Fma(weight, distance, weighted);
                y[i] = V.Fma(V.Fma(before, prefix, weighted) + old[i], inverse, anchor);
                old[i] = value;
                weight += one;
                before -= one;
            }
        }

        _at = at;
        _anchor = anchor;
        _prefix = prefix;
        _weighted = weighted;
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static V Close(V* stretch, int length)
    {
        var anchor = stretch[length - 1];
        var sum = V.Create(0);
        var weighted = V.Create(0);
        for (var i = length - 1; i >= 0; i--)
        {
            sum += stretch[i] - anchor;
            weighted += sum;
            stretch[i] = weighted;
        }

        return anchor;
    }
}
