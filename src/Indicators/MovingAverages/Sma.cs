using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Simple moving average: the mean of the last <c>period</c> closes. Free of drift; a constant price is its own average exactly.</summary>
public sealed class Sma : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "sma", "Simple moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["sma"], p => new Sma((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Sma(int period = 20)
        : base(Definition, period - 1) => _period = Definition.Parameters[0].Checked(period);

    /// <summary>Writes the average of every bar; NaN before bar <c>period - 1</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> sma) => new Sma(period).Compute(close, new(sma));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Mean(_period)));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(Column<V> mean) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count) => Block.Copy(mean.At(from), tile.Out0 + from, mean.First(from, count), count);
    }
}
