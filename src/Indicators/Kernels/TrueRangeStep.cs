using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Wilder's true range; false at the first bar, which has no close before it.</summary>
internal struct TrueRangeStep<V>
    where V : unmanaged, ILanes<V>
{
    V _close;
    bool _started;

    public V Value { readonly get; private set; }

    public void Reset() => _started = false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Push(V high, V low, V close)
    {
        var ready = _started;
        Value = V.Max(high - low, V.Max(V.Abs(high - _close), V.Abs(low - _close)));
        _close = close;
        _started = true;
        return ready;
    }
}
