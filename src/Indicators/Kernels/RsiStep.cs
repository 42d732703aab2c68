using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Wilder's relative strength index of a stream of values; false while warming up.</summary>
/// <remarks>
/// An unchanged value shrinks both means alike and leaves the index where it is. It is kept to the bit: recomputed, the ratio would
/// wander by roundings, and a stochastic of the index would blow those up to anything between 0 and 100.
/// </remarks>
internal struct RsiStep<V>(int period)
    where V : unmanaged, ILanes<V>
{
    ExponentialMean<V> _gain = ExponentialMean<V>.Wilder(period);
    ExponentialMean<V> _loss = ExponentialMean<V>.Wilder(period);
    V _previous;
    bool _started;

    public V Value { readonly get; private set; }

    public void Reset()
    {
        _gain.Reset();
        _loss.Reset();
        _started = false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Push(V x)
    {
        if (!_started)
        {
            _started = true;
            _previous = x;
            return false;
        }

        var zero = V.Create(0);
        var change = x - _previous;
        var keep = _gain.IsReady ? zero : V.Create(double.NaN);
        _previous = x;
        _gain.Push(V.Max(change, zero));
        _loss.Push(V.Max(zero - change, zero));
        var sum = _gain.Value + _loss.Value;
        var strength = V.IfEqual(sum, zero, zero, V.Create(100) * (_gain.Value / sum));
        Value = V.IfEqual(change, keep, Value, strength);
        return _gain.IsReady;
    }
}
