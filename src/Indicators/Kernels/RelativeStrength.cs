using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Wilder's relative strength index of any values.</summary>
/// <remarks>
/// An unchanged value shrinks both means alike and leaves the index where it is. It is kept to the bit: recomputed, the ratio would
/// wander by roundings, and a stochastic of the index would blow those up to anything between 0 and 100.
/// </remarks>
internal unsafe struct RelativeStrength<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _columns = new(3 * Block.Length);
    ExponentialMean<V> _gain = ExponentialMean<V>.Wilder(period);
    ExponentialMean<V> _loss = ExponentialMean<V>.Wilder(period);
    V _previous;
    V _index;
    bool _started;
    bool _ready;

    public void Reset()
    {
        _gain.Reset();
        _loss.Reset();
        _started = _ready = false;
    }

    /// <summary>Takes a block of values and writes the indexes. Returns the first index that has one.</summary>
    public int Run(V* x, V* y, int count)
    {
        var change = _columns.Start;
        var gain = _columns.Start + Block.Length;
        var loss = _columns.Start + 2 * Block.Length;
        var begin = _started ? 0 : 1;
        _started = true;
        Changes(x, change, gain, loss, count);
        var first = ExponentialMean<V>.Run(ref _gain, ref _loss, gain, gain, loss, loss, begin, count);
        var kept = first;
        if (!_ready && first < count)
        {
            _index = y[first] = Ratio(gain[first], loss[first]);
            _ready = true;
            kept++;
        }

        Indexes(change, gain, loss, y, kept, count);
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    void Changes(V* x, V* change, V* gain, V* loss, int count)
    {
        var previous = _previous;
        var zero = V.Create(0);
        for (var i = 0; i < count; i++)
        {
            var now = x[i];
            var step = now - previous;
            change[i] = step;
            gain[i] = V.Max(step, zero);
            loss[i] = V.Max(zero - step, zero);
            previous = now;
        }

        _previous = previous;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    void Indexes(V* change, V* gain, V* loss, V* y, int from, int to)
    {
        var zero = V.Create(0);
        var index = _index;
        for (var i = from; i < to; i++)
        {
            index = V.IfEqual(change[i], zero, index, Ratio(gain[i], loss[i]));
            y[i] = index;
        }

        _index = index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Ratio(V gain, V loss)
    {
        var sum = gain + loss;
        return V.IfEqual(sum, V.Create(0), V.Create(0), V.Create(100) * (gain / sum));
    }
}
