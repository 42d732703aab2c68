using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>How many bars ago the highest of the last <c>period</c> values was; among equals the latest or the earliest.</summary>
internal struct HighAgeWindow<V>
    where V : unmanaged, ILanes<V>
{
    readonly V[] _value;
    readonly V[] _bar;
    readonly bool _latest;
    long _now;
    int _at;
    V _prefixValue;
    V _prefixBar;

    public HighAgeWindow(int period, bool latest)
    {
        _value = new V[period - 1];
        _bar = new V[period - 1];
        _latest = latest;
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _now > _value.Length;
    }

    /// <summary>Of the window that ends at the last pushed value.</summary>
    public V Age { readonly get; private set; }

    public void Reset()
    {
        _now = 0;
        _at = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        if (_at == _value.Length)
        {
            Close(_value, _bar, _latest);
            _at = 0;
        }

        var at = _at;
        var now = V.Create(_now);
        if (at == 0)
        {
            _prefixValue = x;
            _prefixBar = now;
        }
        else
        {
            _prefixBar = Later(_prefixValue, _prefixBar, x, now, _latest);
            _prefixValue = V.Max(_prefixValue, x);
        }

        Age = now - Later(_value[at], _bar[at], _prefixValue, _prefixBar, _latest);
        _value[at] = x;
        _bar[at] = now;
        _now++;
        _at = at + 1;
    }

    /// <summary>The bar of the higher of two values; of equal ones the newer if <paramref name="latest"/>, else the older.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Later(V old, V oldBar, V young, V youngBar, bool latest) =>
        latest ? V.IfLess(young, old, oldBar, youngBar) : V.IfLess(old, young, youngBar, oldBar);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Close(V[] value, V[] bar, bool latest)
    {
        for (var i = value.Length - 2; i >= 0; i--)
        {
            bar[i] = Later(value[i], bar[i], value[i + 1], bar[i + 1], latest);
            value[i] = V.Max(value[i], value[i + 1]);
        }
    }
}
