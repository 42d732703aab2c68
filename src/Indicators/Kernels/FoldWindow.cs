using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>An associative operation over the values of a window.</summary>
internal interface IFold
{
    /// <summary>Folded with any value it gives that value.</summary>
    static abstract double Identity { get; }

    static abstract V Fold<V>(V a, V b)
        where V : unmanaged, ILanes<V>;
}

internal struct Highest : IFold
{
    public static double Identity => double.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Fold<V>(V a, V b)
        where V : unmanaged, ILanes<V> => V.Max(a, b);
}

internal struct Lowest : IFold
{
    public static double Identity => double.PositiveInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Fold<V>(V a, V b)
        where V : unmanaged, ILanes<V> => V.Min(a, b);
}

internal struct Sum : IFold
{
    public static double Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Fold<V>(V a, V b)
        where V : unmanaged, ILanes<V> => a + b;
}

/// <summary>
/// The last <c>period</c> values folded into one: a few operations a bar whatever the period, no branch on data (van Herk 1992), in two stacks as
/// <see cref="MomentWindow{V}"/>. A huge value that has left the window leaves no trace in a sum.
/// </summary>
internal unsafe struct FoldWindow<V, TFold>(int period)
    where V : unmanaged, ILanes<V>
    where TFold : struct, IFold
{
    // Raw values of the stretch in progress up to _at; from there on folded suffixes of the stretch before.
    readonly LaneArray<V> _stretch = new(period - 1);
    int _seen;
    int _at;
    V _prefix;

    public void Reset() => _seen = _at = 0;

    /// <summary>Takes <c>x[from..to)</c> and writes the windows that end there. Returns the first index that has one; before it <paramref name="y"/> holds nothing of use.</summary>
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
                at = 0;
            }

            if (at == 0)
            {
                prefix = V.Create(TFold.Identity);
            }

            var stop = Math.Min(to, i + length - at);
            var old = stretch + at - i;
            at += stop - i;
            for (; i < stop; i++)
            {
                var value = x[i];
                prefix = TFold.Fold(prefix, value);
                y[i] = TFold.Fold(prefix, old[i]);
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
            suffix = TFold.Fold(stretch[i], suffix);
            stretch[i] = suffix;
        }
    }
}
