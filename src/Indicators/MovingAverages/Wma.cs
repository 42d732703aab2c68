using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Weighted moving average: weights 1 for the oldest close of the window to <c>period</c> for the newest. Free of drift.</summary>
public sealed class Wma : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "wma", "Weighted moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["wma"], p => new Wma((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Wma(int period = 20)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> wma) =>
        new Wma(period).Compute(close, new(wma));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        WeightedWindow<V> _window = new(period);

        public void Reset() => _window.Reset();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            _window.Push(tile.Close[i]);
            tile.Out0[i] = _window.IsReady ? _window.Mean : V.Create(double.NaN);
        }
    }
}
