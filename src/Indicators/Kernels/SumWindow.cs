using System.Runtime.CompilerServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The sum of the last <c>period</c> values in two stacks (see <see cref="MomentWindow{V}"/>): a huge value that has left the window leaves no trace.</summary>
internal struct SumWindow<V>
    where V : unmanaged, ILanes<V>
{
    readonly V[] _block;
    int _seen;
    int _at;
    V _prefix;

    public SumWindow(int period)
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
    public V Sum { readonly get; private set; }

    public void Reset()
    {
        _seen = 0;
        _at = 0;
        _prefix = V.Create(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(V x)
    {
        var block = _block;
        if (_at == block.Length)
        {
            Close(block);
            _prefix = V.Create(0);
            _at = 0;
        }

        _prefix += x;
        _seen = _seen < block.Length ? _seen + 1 : block.Length + 1;
        Sum = _prefix + block[_at];
        block[_at++] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Close(V[] block)
    {
        for (var i = block.Length - 2; i >= 0; i--)
        {
            block[i] = block[i] + block[i + 1];
        }
    }
}
