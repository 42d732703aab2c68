using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The mean of the last <c>period</c> values: <see cref="MomentWindow{V}"/> without squares, equal to its mean bit for bit.</summary>
internal struct MeanWindow<V>
    where V : unmanaged, ILanes<V>
{
    // Raw values of the block in progress up to _at; from there on suffix sums of the block before.
    readonly V[] _block;
    readonly double _inverse;
    int _seen;
    int _at;
    V _last;
    V _anchor;
    V _prefix;
    V _sum;

    public MeanWindow(int period)
    {
        _inverse = 1.0 / period;
        _block = new V[period - 1];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen > _block.Length;
    }

    public readonly V Mean
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => V.Fma(_sum, V.Create(_inverse), _anchor);
    }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _anchor = _prefix = _sum = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var block = _block;
        if (_at == block.Length)
        {
            Close(block);
            _anchor = _last;
            _prefix = V.Create(0);
            _at = 0;
        }

        if (_seen < block.Length)
        {
            _seen++;
        }
        else
        {
            _seen = block.Length + 1;
            _prefix += x - _anchor;
            _sum = _prefix + block[_at];
        }

        _last = x;
        block[_at++] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] block)
    {
        var anchor = block[^1];
        var sum = V.Create(0);
        for (var i = block.Length - 1; i >= 0; i--)
        {
            sum += block[i] - anchor;
            block[i] = sum;
        }
    }
}
