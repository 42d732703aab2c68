using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The mean of the last <c>period</c> values with weights 1 (oldest) to <c>period</c> (newest), in two stacks as <see cref="MomentWindow{V}"/>.</summary>
/// <remarks>
/// A suffix of j values carries weights 1 to j; one more value in front raises each weight by one, so its weighted sum grows by the new plain sum.
/// A prefix carries weights j + 1 and up: j times its plain sum, and its own weighted sum.
/// </remarks>
internal struct WeightedWindow<V>
    where V : unmanaged, ILanes<V>
{
    readonly V[] _block;
    readonly double _inverse;
    int _seen;
    int _at;
    V _last;
    V _anchor;
    V _prefix;
    V _prefixWeighted;

    public WeightedWindow(int period)
    {
        _inverse = 2.0 / ((double)period * (period + 1));
        _block = new V[period - 1];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen > _block.Length;
    }

    /// <summary>Of the window that ends at the last pushed value.</summary>
    public V Mean { readonly get; private set; }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _anchor = _prefix = _prefixWeighted = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var block = _block;
        if (_at == block.Length)
        {
            Close(block);
            _anchor = _last;
            _prefix = _prefixWeighted = V.Create(0);
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
            _prefix += distance;
            _prefixWeighted = V.Fma(V.Create(_at + 1), distance, _prefixWeighted);
            var sum = V.Fma(V.Create(block.Length - _at), _prefix, _prefixWeighted) + block[_at];
            Mean = V.Fma(sum, V.Create(_inverse), _anchor);
        }

        _last = x;
        block[_at++] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] block)
    {
        var anchor = block[^1];
        var sum = V.Create(0);
        var weighted = V.Create(0);
        for (var i = block.Length - 1; i >= 0; i--)
        {
            sum += block[i] - anchor;
            weighted += sum;
            block[i] = weighted;
        }
    }
}
