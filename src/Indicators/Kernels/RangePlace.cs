using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Place of the close between the lowest low and the highest high of the last <c>period</c> bars, in percent; 0 for a range of 0.</summary>
internal struct RangePlace<V>(int period)
    where V : unmanaged, ILanes<V>
{
    ExtremeWindow<V, Highest> _high = new(period);
    ExtremeWindow<V, Lowest> _low = new(period);

    public V Percent { readonly get; private set; }

    public void Reset()
    {
        _high.Reset();
        _low.Reset();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Push(V high, V low, V close)
    {
        _high.Push(high);
        _low.Push(low);
        var range = _high.Value - _low.Value;
        Percent = V.IfEqual(range, V.Create(0), V.Create(0), V.Create(100) * ((close - _low.Value) / range));
        return _high.IsReady;
    }
}

/// <summary>A simple average that a period of 1 switches off.</summary>
internal struct Smoothing<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly bool _on = period > 1;
    MeanWindow<V> _window = new(Math.Max(2, period));

    public V Value { readonly get; private set; }

    public void Reset() => _window.Reset();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Push(V x)
    {
        if (!_on)
        {
            Value = x;
            return true;
        }

        _window.Push(x);
        Value = _window.Mean;
        return _window.IsReady;
    }
}
