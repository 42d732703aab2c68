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

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        WeightedWindow<V> _window = new(period);

        public void Reset() => _window.Reset();

        public void Run(in Tile<V> tile, int from, int count)
        {
            var first = _window.Run(tile.Close + from, tile.Out0 + from, 0, count);
            Block.FillNaN(tile.Out0 + from, first);
        }
    }
}
