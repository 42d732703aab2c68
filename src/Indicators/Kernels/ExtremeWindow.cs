using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Which of two values an <see cref="ExtremeWindow{V, TPick}"/> keeps.</summary>
internal interface IPick
{
    static abstract V Pick<V>(V a, V b)
        where V : unmanaged, ILanes<V>;
}

internal struct Highest : IPick
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Pick<V>(V a, V b)
        where V : unmanaged, ILanes<V> => V.Max(a, b);
}

internal struct Lowest : IPick
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Pick<V>(V a, V b)
        where V : unmanaged, ILanes<V> => V.Min(a, b);
}

/// <summary>The highest or lowest of the last <c>period</c> values: a few operations a bar whatever the period, and no branch on data (van Herk 1992).</summary>
internal unsafe struct ExtremeWindow<V, TPick>(int period)
    where V : unmanaged, ILanes<V>
    where TPick : struct, IPick
{
    // Raw values of the stretch in progress up to _at; from there on extremes of the suffixes of the stretch before.
    readonly LaneArray<V> _stretch = new(period - 1);
    readonly bool _isShort = period <= RecentValues<V>.LongestShortWindow;
    RecentValues<V> _recent = new(Math.Min(period, RecentValues<V>.LongestShortWindow) - 1);
    int _seen;
    int _at;
    V _prefix;

    public void Reset()
    {
        _seen = _at = 0;
        _recent.Reset();
    }

    /// <summary>Takes <c>x[from..to)</c> and writes the extremes of the windows that end there. Returns the first index that has one; before it <paramref name="y"/> holds nothing of use.</summary>
    public int Run(V* x, V* y, int from, int to)
    {
        if (!_isShort)
        {
            return RunInStretches(x, y, from, to);
        }

        var values = _recent.Take(x + from, to - from, out var first);
        Pick(values, y + from, first, to - from);
        _recent.Keep(to - from);
        return from + first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    readonly void Pick(V* values, V* y, int first, int count)
    {
        if (period == 5)
        {
            // The stochastic's usual one, without the inner loop.
            for (var i = first; i < count; i++)
            {
                var recent = TPick.Pick(values[i], values[i - 1]);
                var earlier = TPick.Pick(values[i - 2], values[i - 3]);
                y[i] = TPick.Pick(TPick.Pick(recent, earlier), values[i - 4]);
            }

            return;
        }

        for (var i = first; i < count; i++)
        {
            var extreme = values[i];
            for (var k = 1; k < period; k++)
            {
                extreme = TPick.Pick(extreme, values[i - k]);
            }

            y[i] = extreme;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    int RunInStretches(V* x, V* y, int from, int to)
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
                at = 0;
            }

            if (at == 0)
            {
                prefix = x[i];
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            at += stop - i;
            for (; i < stop; i++)
            {
                var value = x[i];
                prefix = TPick.Pick(prefix, value);
                y[i] = TPick.Pick(prefix, old[i]);
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
        var suffix = stretch[length - 1];
        for (var i = length - 2; i >= 0; i--)
        {
            suffix = TPick.Pick(stretch[i], suffix);
            stretch[i] = suffix;
        }
    }
}
