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
/// The two-stack window is folklore (van Herk, "A fast algorithm for local minimum and maximum filters", 1992, for extremes).
/// </remarks>
internal struct MomentWindow<V>
    where V : unmanaged, ILanes<V>
{
    readonly V[] _block;
    readonly V[] _suffixSum;
    readonly V[] _suffixSquares;
    readonly int _period;
    readonly V _inverse;
    int _seen;
    int _at;
    V _anchor;
    V _prefixSum;
    V _prefixSquares;

    public MomentWindow(int period)
    {
        _period = period;
        _inverse = V.Create(1.0 / period);
        _block = new V[period - 1];
        _suffixSum = new V[period - 1];
        _suffixSquares = new V[period - 1];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen >= _period;
    }

    /// <summary>Of the window that ends at the last pushed value.</summary>
    public V Mean { get; private set; }

    /// <summary>Population variance, never negative.</summary>
    public V Variance { get; private set; }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _anchor = _prefixSum = _prefixSquares = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var at = _at;
        _block[at] = x;
        if (++_seen >= _period)
        {
            _seen = _period;
            var distance = x - _anchor;
            _prefixSum += distance;
            _prefixSquares = V.Fma(distance, distance, _prefixSquares);
            var sum = _prefixSum + _suffixSum[at];
            var squares = _prefixSquares + _suffixSquares[at];
            var offset = sum * _inverse;
            Mean = V.Fma(sum, _inverse, _anchor);
            
            // This order of operands lets NaN through: squares that overflow must not read as "no variance".
            Variance = V.Max(V.Create(0), (squares - sum * offset) * _inverse);
        }

        if (++at == _block.Length)
        {
            CloseBlock();
            at = 0;
        }

        _at = at;
    }

    void CloseBlock()
    {
        var anchor = _block[^1];
        var sum = V.Create(0);
        var squares = V.Create(0);
        for (var i = _block.Length - 1; i >= 0; i--)
        {
            var distance = _block[i] - anchor;
            sum += distance;
            squares = V.Fma(distance, distance, squares);
            _suffixSum[i] = sum;
            _suffixSquares[i] = squares;
        }

        _anchor = anchor;
        _prefixSum = _prefixSquares = V.Create(0);
    }
}
