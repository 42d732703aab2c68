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
internal struct ExtremeWindow<V, TPick>
    where V : unmanaged, ILanes<V>
    where TPick : struct, IPick
{
    readonly V[] _block;
    int _seen;
    int _at;
    V _prefix;

    public ExtremeWindow(int period)
    {
        _block = new V[period - 1];
        Reset();
    }

    public readonly bool IsReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _seen > _block.Length;
    }

    /// <summary>Of the window that ends at the last pushed value.</summary>
    public V Value { readonly get; private set; }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var block = _block;
        if (_at == block.Length)
        {
            Close(block);
            _at = 0;
        }

        _prefix = _at == 0 ? x : TPick.Pick(_prefix, x);
        _seen = _seen < block.Length ? _seen + 1 : block.Length + 1;
        Value = TPick.Pick(_prefix, block[_at]);
        block[_at++] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] block)
    {
        for (var i = block.Length - 2; i >= 0; i--)
        {
            block[i] = TPick.Pick(block[i], block[i + 1]);
        }
    }
}
