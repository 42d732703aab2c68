using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>How many bars ago the highest of the last <c>period</c> values was; among equals the latest or the earliest. In two stacks as <see cref="MomentWindow{V}"/>.</summary>
internal unsafe struct HighAgeWindow<V>(int period, bool latest)
    where V : unmanaged, ILanes<V>
{
    // Raw values of the stretch in progress up to _at; from there on the highest of each suffix of the stretch before, and its bar.
    readonly LaneArray<V> _values = new(period - 1);
    readonly LaneArray<V> _bars = new(period - 1);
    long _now;
    int _at;
    V _prefixValue;
    V _prefixBar;

    public void Reset() => _now = _at = 0;

    /// <summary>Takes a block of values and writes the ages in the windows that end there. Returns the first index that has one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public int Run(V* x, V* age, int count)
    {
        var values = _values.Start;
        var bars = _bars.Start;
        var length = _values.Length;
        var at = _at;
        var prefixValue = _prefixValue;
        var prefixBar = _prefixBar;
        var now = V.Create(_now);
        var one = V.Create(1);
        for (var i = 0; i < count; i++, at++)
        {
            if (at == length)
            {
                Close(values, bars, length, latest);
                at = 0;
            }

            if (at == 0)
            {
                prefixValue = V.Create(double.NegativeInfinity);
                prefixBar = now;
            }

            var value = x[i];
            prefixBar = Later(prefixValue, prefixBar, value, now, latest);
            prefixValue = V.Max(prefixValue, value);
            age[i] = now - Later(values[at], bars[at], prefixValue, prefixBar, latest);
            values[at] = value;
            bars[at] = now;
            now += one;
        }

        var first = (int)Math.Clamp(length - _now, 0, count);
        _now += count;
        _at = at;
        _prefixValue = prefixValue;
        _prefixBar = prefixBar;
        return first;
    }

    /// <summary>The bar of the higher of two values; of equal ones the newer if <paramref name="latest"/>, else the older.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Later(V old, V oldBar, V young, V youngBar, bool latest) =>
        latest ? V.IfLess(young, old, oldBar, youngBar) : V.IfLess(old, young, youngBar, oldBar);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Close(V* values, V* bars, int length, bool latest)
    {
        for (var i = length - 2; i >= 0; i--)
        {
            bars[i] = Later(values[i], bars[i], values[i + 1], bars[i + 1], latest);
            values[i] = V.Max(values[i], values[i + 1]);
        }
    }
}
