using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Variances and covariance of the last <c>period</c> pairs, times the period; anchored and in two stacks as <see cref="MomentWindow{V}"/>.</summary>
internal unsafe struct CovarianceWindow<V>(int period)
    where V : unmanaged, ILanes<V>
{
    const int Sums = 5;
    readonly LaneArray<V> _x = new(period - 1);
    readonly LaneArray<V> _y = new(period - 1);
    readonly LaneArray<V> _suffix = new((period - 1) * Sums);
    readonly LaneArray<V> _anchors = new(2);
    readonly LaneArray<V> _prefix = new(Sums);
    int _seen;
    int _at;

    public void Reset() => _seen = _at = 0;

    /// <summary>Takes pairs <c>from..to</c> and writes the two spreads and the product of deviations of the windows that end there. Returns the first index that has them.</summary>
    public int Run(V* x, V* y, V* spreadX, V* spreadY, V* product, int from, int to)
    {
        var length = _x.Length;
        var first = Math.Min(to, from + length - _seen);
        _seen = Math.Min(length, _seen + to - from);
        for (var i = from; i < to;)
        {
            if (_at == length)
            {
                Close(_x.Start, _y.Start, _suffix.Start, length, _anchors.Start);
                new Span<V>(_prefix.Start, Sums).Clear();
                _at = 0;
            }

            var stop = Math.Min(to, i + length - _at);
            if (i < first)
            {
                stop = Math.Min(stop, first);
            }
            else
            {
                Sum(x + i, y + i, _suffix.Start + _at * Sums, spreadX + i, spreadY + i, product + i, stop - i);
            }

            // Inputs are stored behind the reading of them: the outputs are columns of the kernel and never the inputs.
            new Span<V>(x + i, stop - i).CopyTo(new Span<V>(_x.Start + _at, stop - i));
            new Span<V>(y + i, stop - i).CopyTo(new Span<V>(_y.Start + _at, stop - i));
            _at += stop - i;
            i = stop;
        }

        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    readonly void Sum(V* x, V* y, V* suffix, V* spreadX, V* spreadY, V* product, int count)
    {
        var anchorX = _anchors.Start[0];
        var anchorY = _anchors.Start[1];
        var prefix = _prefix.Start;
        var sumX = prefix[0];
        var sumY = prefix[1];
        var xx = prefix[2];
        var yy = prefix[3];
        var xy = prefix[4];
        var inverse = V.Create(1.0 / period);
        for (var i = 0; i < count; i++, suffix += Sums)
        {
            var dx = x[i] - anchorX;
            var dy = y[i] - anchorY;
            sumX += dx;
            sumY += dy;
            xx = V.Fma(dx, dx, xx);
            yy = V.Fma(dy, dy, yy);
            xy = V.Fma(dx, dy, xy);
            var wholeX = sumX + suffix[0];
            var wholeY = sumY + suffix[1];
            var meanY = wholeY * inverse;
            spreadX[i] = xx + suffix[2] - wholeX * (wholeX * inverse);
            spreadY[i] = yy + suffix[3] - wholeY * meanY;
            product[i] = xy + suffix[4] - wholeX * meanY;
        }

        (prefix[0], prefix[1], prefix[2], prefix[3], prefix[4]) = (sumX, sumY, xx, yy, xy);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Close(V* xs, V* ys, V* suffix, int length, V* anchors)
    {
        var anchorX = xs[length - 1];
        var anchorY = ys[length - 1];
        (anchors[0], anchors[1]) = (anchorX, anchorY);
        V x = V.Create(0), y = x, xx = x, yy = x, xy = x;
        for (var i = length - 1; i >= 0; i--)
        {
            var dx = xs[i] - anchorX;
            var dy = ys[i] - anchorY;
            x += dx;
            y += dy;
            xx = V.Fma(dx, dx, xx);
            yy = V.Fma(dy, dy, yy);
            xy = V.Fma(dx, dy, xy);
            suffix[i * Sums] = x;
            suffix[i * Sums + 1] = y;
            suffix[i * Sums + 2] = xx;
            suffix[i * Sums + 3] = yy;
            suffix[i * Sums + 4] = xy;
        }
    }
}
