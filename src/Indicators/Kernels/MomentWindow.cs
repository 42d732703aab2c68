using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// Mean and variance of the last <c>period</c> values without drift, in constant work a bar, with nothing ever subtracted from a sum.
/// </summary>
/// <remarks>
/// 1. Bars fall into blocks of <c>period - 1</c>. A window therefore always is a non-empty suffix of one block and a non-empty prefix of the next.
/// 2. When a block is full, one backward pass stores the sums of all its suffixes; the prefix is a running sum that starts anew.
/// 3. All values are taken relative to the block's last value (the anchor), which lies in every window that uses it; so sums of squares
///    lose no more digits than the spread of the window itself costs, at any price level, and a constant window has variance exactly 0.
/// The two-stack window is folklore (for extremes: van Herk, "A fast algorithm for local minimum and maximum filters", 1992).
/// </remarks>
internal struct MomentWindow<V>
    where V : unmanaged, ILanes<V>
{
    // Raw values of the block in progress up to _at; from there on suffix sums of the block before.
    readonly V[] _block;
    readonly V[] _suffixSquares;
    readonly double _inverse;
    int _seen;
    int _at;
    V _last;
    V _anchor;
    V _prefixSum;
    V _prefixSquares;
    V _sum;
    V _squares;

    public MomentWindow(int period)
    {
        _inverse = 1.0 / period;
        _block = new V[period - 1];
        _suffixSquares = new V[period - 1];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen > _block.Length;
    }

    /// <summary>Of the window that ends at the last pushed value.</summary>
    public readonly V Mean
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => V.Fma(_sum, V.Create(_inverse), _anchor);
    }

    /// <summary>Population variance, never negative. This order of operands lets NaN through: squares that overflow must not read as "no variance".</summary>
    public readonly V Variance
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var inverse = V.Create(_inverse);
            return V.Max(V.Create(0), (_squares - _sum * (_sum * inverse)) * inverse);
        }
    }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _anchor = _prefixSum = _prefixSquares = _sum = _squares = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var block = _block;
        if (_at == block.Length)
        {
            Close(block, _suffixSquares);
            _anchor = _last;
            _prefixSum = _prefixSquares = V.Create(0);
            _at = 0;
        }

        if (_seen < block.Length)
        {
            _seen++;
        }
        else
        {
            _seen = block.Length + 1;
            var distance = x - _anchor;
            _prefixSum += distance;
            _prefixSquares = V.Fma(distance, distance, _prefixSquares);
            _sum = _prefixSum + block[_at];
            _squares = _prefixSquares + _suffixSquares[_at];
        }

        _last = x;
        block[_at++] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] block, V[] squares)
    {
        var anchor = block[^1];
        var sum = V.Create(0);
        var square = V.Create(0);
        for (var i = block.Length - 1; i >= 0; i--)
        {
            var distance = block[i] - anchor;
            sum += distance;
            square = V.Fma(distance, distance, square);
            block[i] = sum;
            squares[i] = square;
        }
    }
}
