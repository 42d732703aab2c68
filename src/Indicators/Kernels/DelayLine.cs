using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The value pushed <c>length</c> bars ago.</summary>
internal struct DelayLine<V>
    where V : unmanaged, ILanes<V>
{
    readonly V[] _ring;
    int _at;
    int _seen;

    public DelayLine(int length)
    {
        _ring = new V[length];
        _at = 0;
        _seen = 0;
    }

    /// <summary>Whether the next <see cref="Push"/> returns a value that was pushed.</summary>
    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen >= _ring.Length;
    }

    public void Reset() => _at = _seen = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Push(V x)
    {
        var at = _at;
        var old = _ring[at];
        _ring[at] = x;
        _at = ++at == _ring.Length ? 0 : at;
        if (_seen < _ring.Length)
        {
            _seen++;
        }

        return old;
    }
}
