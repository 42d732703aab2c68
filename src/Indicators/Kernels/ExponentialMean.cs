using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// Exponential mean seeded with the plain mean of its first <c>period</c> values.
/// The step is <c>m + k (x - m)</c>: a constant input is a fixed point to the last bit, which <c>k x + (1 - k) m</c> is not.
/// </summary>
internal struct ExponentialMean<V>
    where V : unmanaged, ILanes<V>
{
    readonly int _period;
    readonly V _weight;
    int _seen;
    V _anchor;
    V _value;

    public ExponentialMean(int period, double weight)
    {
        _period = period;
        _weight = V.Create(weight);
        _seen = 0;
        _anchor = default;
        _value = default;
    }

    /// <summary>Weight 2 / (period + 1).</summary>
    public static ExponentialMean<V> Standard(int period) => new(period, 2.0 / (period + 1));

    /// <summary>Wilder's weight, 1 / period.</summary>
    public static ExponentialMean<V> Wilder(int period) => new(period, 1.0 / period);

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen >= _period;
    }

    public readonly V Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _value;
    }

    public void Reset() => _seen = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        if (_seen >= _period)
        {
            _value = V.Fma(x - _value, _weight, _value);
            return;
        }

        // The seed is summed about the first value: equal values give their own mean exactly.
        if (_seen == 0)
        {
            _anchor = x;
            _value = V.Create(0);
        }

        _value += x - _anchor;
        if (++_seen == _period)
        {
            _value = V.Fma(_value, V.Create(1.0 / _period), _anchor);
        }
    }
}
