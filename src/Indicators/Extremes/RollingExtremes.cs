using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Lowest and highest close of the last <c>period</c> bars.</summary>
public sealed class RollingExtremes : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "minmax", "Rolling minimum and maximum", BarFields.Close, [ParameterDescriptor.Period(30)], ["min", "max"], p => new RollingExtremes((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public RollingExtremes(int period = 30)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> min, Span<double> max) =>
        new RollingExtremes(period).Compute(close, new(min, max));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(Block.Length);
        ExtremeWindow<V, Lowest> _low = new(period);
        ExtremeWindow<V, Highest> _high = new(period);

        public void Reset()
        {
            _low.Reset();
            _high.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            _low.Run(tile.Close + from, _columns.Start, 0, count);
            var first = _high.Run(tile.Close + from, tile.Out1 + from, 0, count);
            Block.FillNaN(tile.Out1 + from, first);
            Block.Copy(_columns.Start, tile.Out0 + from, first, count);
        }
    }
}
