using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The values <c>length</c> bars before.</summary>
internal unsafe struct DelayLine<V>(int length)
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _ring = new(length);
    int _at;
    int _seen;

    public void Reset() => _at = _seen = 0;

    /// <summary>Takes <paramref name="count"/> values and writes those of <c>length</c> bars before. Returns the first index that has one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public int Run(V* x, V* y, int count)
    {
        var ring = _ring.Start;
        var at = _at;
        var first = Math.Min(count, length - _seen);
        _seen = Math.Min(length, _seen + count);
        for (var i = 0; i < count;)
        {
            var stop = Math.Min(count, i + length - at);
            var old = ring + at - i;
            at += stop - i;
            for (; i < stop; i++)
            {
                var now = x[i];
                y[i] = old[i];
                old[i] = now;
            }

            at = at == length ? 0 : at;
        }

        _at = at;
        return first;
    }
}
