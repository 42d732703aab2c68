using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The sum of the last <c>period</c> values in two stacks (see <see cref="MomentWindow{V}"/>): a huge value that has left the window leaves no trace.</summary>
internal unsafe struct SumWindow<V>(int period)
    where V : unmanaged, ILanes<V>
{
    readonly LaneArray<V> _stretch = new(period - 1);
    int _seen;
    int _at;
    V _prefix;

    public void Reset()
    {
        _seen = _at = 0;
        _prefix = V.Create(0);
    }

    /// <summary>Takes <c>x[from..to)</c> and writes the sums of the windows that end there. Returns the first index that has one; before it <paramref name="y"/> holds nothing of use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public int Run(V* x, V* y, int from, int to)
    {
        var stretch = _stretch.Start;
        var length = _stretch.Length;
        var at = _at;
        var prefix = _prefix;
        var first = Math.Min(to, from + length - _seen);
        _seen = Math.Min(length, _seen + to - from);
        for (var i = from; i < to;)
        {
            if (at == length)
            {
                Close(stretch, length);
                prefix = V.Create(0);
                at = 0;
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            at += stop - i;
            for (; i < stop; i++)
            {
                var value = x[i];
                prefix += value;
                y[i] = prefix + old[i];
                old[i] = value;
            }
        }

        _at = at;
        _prefix = prefix;
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Close(V* stretch, int length)
    {
        var sum = stretch[length - 1];
        for (var i = length - 2; i >= 0; i--)
        {
            sum = stretch[i] + sum;
            stretch[i] = sum;
        }
    }
}
