using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Variances and covariance of the last <c>period</c> pairs, anchored and in two stacks as <see cref="MomentWindow{V}"/>.</summary>
internal struct CovarianceWindow<V>
    where V : unmanaged, ILanes<V>
{
    const int Sums = 5;
    readonly V[] _blockX;
    readonly V[] _blockY;
    readonly V[] _suffix;
    readonly double _inverse;
    int _seen;
    int _at;
    V _anchorX;
    V _anchorY;
    V _x;
    V _y;
    V _xx;
    V _yy;
    V _xy;

    public CovarianceWindow(int period)
    {
        _inverse = 1.0 / period;
        _blockX = new V[period - 1];
        _blockY = new V[period - 1];
        _suffix = new V[(period - 1) * Sums];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen > _blockX.Length;
    }

    /// <summary>Population variance of the first series, times the period.</summary>
    public V SpreadX { readonly get; private set; }

    /// <summary>Population variance of the second series, times the period.</summary>
    public V SpreadY { readonly get; private set; }

    /// <summary>Population covariance, times the period.</summary>
    public V Product { readonly get; private set; }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _anchorX = _anchorY = _x = _y = _xx = _yy = _xy = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x, V y)
    {
        if (_at == _blockX.Length)
        {
            Close(_blockX, _blockY, _suffix);
            _anchorX = _blockX[^1];
            _anchorY = _blockY[^1];
            _x = _y = _xx = _yy = _xy = V.Create(0);
            _at = 0;
        }

        var at = _at;
        _blockX[at] = x;
        _blockY[at] = y;
        if (_seen < _blockX.Length)
        {
            _seen++;
        }
        else
        {
            _seen = _blockX.Length + 1;
            var dx = x - _anchorX;
            var dy = y - _anchorY;
            _x += dx;
            _y += dy;
            _xx = V.Fma(dx, dx, _xx);
            _yy = V.Fma(dy, dy, _yy);
            _xy = V.Fma(dx, dy, _xy);
            var suffix = _suffix.AsSpan(at * Sums, Sums);
            var meanX = (_x + suffix[0]) * V.Create(_inverse);
            var meanY = (_y + suffix[1]) * V.Create(_inverse);
            SpreadX = V.Max(V.Create(0), _xx + suffix[2] - (_x + suffix[0]) * meanX);
            SpreadY = V.Max(V.Create(0), _yy + suffix[3] - (_y + suffix[1]) * meanY);
            Product = _xy + suffix[4] - (_x + suffix[0]) * meanY;
        }

        _at = at + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] xs, V[] ys, V[] suffix)
    {
        var x = V.Create(0);
        var y = x;
        var xx = x;
        var yy = x;
        var xy = x;
        for (var i = xs.Length - 1; i >= 0; i--)
        {
            var dx = xs[i] - xs[^1];
            var dy = ys[i] - ys[^1];
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
