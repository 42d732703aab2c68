using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// Mean and variance of the last <c>period</c> values without drift, in constant work a bar, with nothing ever subtracted from a sum.
/// </summary>
/// <remarks>
/// 1. Bars fall into stretches of <c>period - 1</c>. A window therefore always is a non-empty suffix of one stretch and a non-empty prefix of the next.
/// 2. When a stretch is full, one backward pass stores the sums of all its suffixes; the prefix is a running sum that starts anew.
/// 3. All values are taken relative to the stretch's last value (the anchor), which lies in every window that uses it; so sums of squares
///    lose no more digits than the spread of the window itself costs, at any price level, and a constant window has variance exactly 0.
/// The two-stack window is folklore (for extremes: van Herk, "A fast algorithm for local minimum and maximum filters", 1992).
/// </remarks>
internal unsafe struct MomentWindow<V>(int period)
    where V : unmanaged, ILanes<V>
{
    // Raw values of the stretch in progress up to _at; from there on suffix sums of the stretch before.
    readonly LaneArray<V> _stretch = new(period - 1);
    readonly LaneArray<V> _suffixSquares = new(period - 1);
    int _seen;
    int _at;
    V _anchor;
    V _prefix;
    V _squares;

    public void Reset() => _seen = _at = 0;

    /// <summary>
    /// Takes <c>x[from..to)</c> and writes mean and population variance (never negative) of the windows that end there. Returns the first index
    /// that has them. Squares that overflow give NaN, not "no variance": hence the order of operands of the maximum.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public int Run(V* x, V* mean, V* variance, int from, int to)
    {
        var stretch = _stretch.Start;
        var suffixSquares = _suffixSquares.Start;
        var length = _stretch.Length;
        var at = _at;
        var anchor = _anchor;
        var prefix = _prefix;
        var squares = _squares;
        var inverse = V.Create(1.0 / period);
        var first = Math.Min(to, from + length - _seen);
        _seen = Math.Min(length, _seen + to - from);
        for (var i = from; i < to;)
        {
            if (at == length)
            {
                anchor = Close(stretch, suffixSquares, length);
                prefix = squares = V.Create(0);
                at = 0;
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            var oldSquares = suffixSquares + at - i;
            at += stop - i;
            for (; i < first; i++)
            {
                old[i] = x[i];
            }

            for (; i < stop; i++)
            {
                var value = x[i];
                var distance = value - anchor;
                prefix += distance;
                squares = V.Fma(distance, distance, squares);
                var sum = prefix + old[i];
                var average = sum * inverse;
                mean[i] = V.Fma(sum, inverse, anchor);
                variance[i] = V.Max(V.Create(0), (squares + oldSquares[i] - sum * average) * inverse);
                old[i] = value;
            }
        }

        _at = at;
        _anchor = anchor;
        _prefix = prefix;
        _squares = squares;
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static V Close(V* stretch, V* squares, int length)
    {
        var anchor = stretch[length - 1];
        var sum = V.Create(0);
        var square = V.Create(0);
        for (var i = length - 1; i >= 0; i--)
        {
            var distance = stretch[i] - anchor;
            sum += distance;
            square = V.Fma(distance, distance, square);
            stretch[i] = sum;
            squares[i] = square;
        }

        return anchor;
    }
}
