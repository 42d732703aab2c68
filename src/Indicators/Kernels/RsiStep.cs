using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Wilder's relative strength index of a stream of values; false while warming up.</summary>
internal struct RsiStep<V>(int period)
    where V : unmanaged, ILanes<V>
{
    ExponentialMean<V> _gain = ExponentialMean<V>.Wilder(period);
    ExponentialMean<V> _loss = ExponentialMean<V>.Wilder(period);
    V _previous;
    bool _started;

    public readonly V Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var zero = V.Create(0);
            var sum = _gain.Value + _loss.Value;
            return V.IfEqual(sum, zero, zero, V.Create(100) * (_gain.Value / sum));
        }
    }

    public void Reset()
    {
        _gain.Reset();
        _loss.Reset();
        _started = false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Push(V x)
    {
        if (_started)
        {
            var zero = V.Create(0);
            var change = x - _previous;
            _gain.Push(V.Max(change, zero));
            _loss.Push(V.Max(zero - change, zero));
        }

        _started = true;
        _previous = x;
        return _gain.IsReady;
    }
}
