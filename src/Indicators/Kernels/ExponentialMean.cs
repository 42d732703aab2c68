using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// Exponential mean seeded with the plain mean of its first <c>period</c> values.
/// The step is <c>m + k (x - m)</c>: a constant input is a fixed point to the last bit, which <c>k x + (1 - k) m</c> is not.
/// </summary>
internal unsafe struct ExponentialMean<V>
    where V : unmanaged, ILanes<V>
{
    readonly int _period;
    readonly double _weight;
    int _seen;
    V _anchor;
    V _value;

    ExponentialMean(int period, double weight)
    {
        _period = period;
        _weight = weight;
        _seen = 0;
        _anchor = default;
        _value = default;
    }

    /// <summary>Weight 2 / (period + 1).</summary>
    public static ExponentialMean<V> Standard(int period) => new(period, 2.0 / (period + 1));

    /// <summary>Wilder's weight, 1 / period.</summary>
    public static ExponentialMean<V> Wilder(int period) => new(period, 1.0 / period);

    readonly bool IsReady => _seen >= _period;

    public void Reset() => _seen = 0;

    /// <summary>Takes <c>x[from..to)</c> and writes the means, which may be over the values. Returns the first index that has one.</summary>
    public int Run(V* x, V* y, int from, int to)
    {
        var first = from;
        if (!IsReady)
        {
            first = Seed(x, from, to);
            if (first == to)
            {
                return to;
            }

            y[first] = _value;
            from = first + 1;
        }

        Continue(x, y, from, to);
        return first;
    }

    /// <summary>Two means in one loop: each is a chain of dependent operations, and one fills the time in which the other waits. Returns the first index that has both.</summary>
    public static int Run(ref ExponentialMean<V> first, ref ExponentialMean<V> second, V* x1, V* y1, V* x2, V* y2, int from, int to)
    {
        if (!first.IsReady || !second.IsReady)
        {
            return Math.Max(first.Run(x1, y1, from, to), second.Run(x2, y2, from, to));
        }

        Continue(ref first, ref second, x1, y1, x2, y2, from, to);
        return from;
    }

    /// <summary>Takes values until the seed is whole and returns where that is. It is summed about the first value: equal values give their own mean exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    int Seed(V* x, int from, int to)
    {
        if (_seen == 0 && from < to)
        {
            _anchor = x[from];
            _value = V.Create(0);
        }

        for (var i = from; i < to; i++)
        {
            _value += x[i] - _anchor;
            if (++_seen == _period)
            {
                _value = V.Fma(_value, V.Create(1.0 / _period), _anchor);
                return i;
            }
        }

        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    void Continue(V* x, V* y, int from, int to)
    {
        var weight = V.Create(_weight);
        var value = _value;
        for (var i = from; i < to; i++)
        {
            value = V.Fma(x[i] - value, weight, value);
            y[i] = value;
        }

        _value = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Continue(ref ExponentialMean<V> first, ref ExponentialMean<V> second, V* x1, V* y1, V* x2, V* y2, int from, int to)
    {
        var weight1 = V.Create(first._weight);
        var weight2 = V.Create(second._weight);
        var value1 = first._value;
        var value2 = second._value;
        for (var i = from; i < to; i++)
        {
            value1 = V.Fma(x1[i] - value1, weight1, value1);
            value2 = V.Fma(x2[i] - value2, weight2, value2);
            y1[i] = value1;
            y2[i] = value2;
        }

        first._value = value1;
        second._value = value2;
    }
}
