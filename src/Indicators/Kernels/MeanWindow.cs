using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The mean of the last <c>period</c> values: <see cref="MomentWindow{V}"/> without squares, equal to its mean bit for bit.</summary>
internal unsafe struct MeanWindow<V>(int period)
    where V : unmanaged, ILanes<V>
{
    // Raw values of the stretch in progress up to _at; from there on suffix sums of the stretch before.
    readonly LaneArray<V> _stretch = new(period - 1);
    int _seen;
    int _at;
    V _anchor;
    V _prefix;

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
        var inverse = V.Create(1.0 / period);
        var first = Math.Min(to, from + length - _seen);
        _seen = Math.Min(length, _seen + to - from);
        for (var i = from; i < to;)
        {
            if (at == length)
            {
                anchor = Close(stretch, length);
                prefix = V.Create(0);
                at = 0;
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            at += stop - i;
            for (; i < first; i++)
            {
                old[i] = x[i];
            }

            for (; i < stop; i++)
            {
                var value = x[i];
                prefix += value - anchor;
                y[i] = V.Fma(prefix + old[i], inverse, anchor);
                old[i] = value;
            }
        }

        _at = at;
        _anchor = anchor;
        _prefix = prefix;
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static V Close(V* stretch, int length)
    {
        var anchor = stretch[length - 1];
        var sum = V.Create(0);
        for (var i = length - 1; i >= 0; i--)
        {
            sum += stretch[i] - anchor;
            stretch[i] = sum;
        }

        return anchor;
    }
}
