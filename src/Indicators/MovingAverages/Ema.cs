using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Exponential moving average with weight 2 / (period + 1), seeded with the simple average of the first <c>period</c> closes.</summary>
public sealed class Ema : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "ema", "Exponential moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["ema"], p => new Ema((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the seed and span of the weight, 2 to 100,000.</param>
    public Ema(int period = 20)
        : base(Definition, period - 1) => _period = Definition.Parameters[0].Checked(period);

    /// <summary>Writes the average of every bar; NaN before bar <c>period - 1</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> ema) => new Ema(period).Compute(close, new(ema));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Exponential(_period)));

    unsafe struct Kernel<V>(Column<V> mean) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count) => Block.Copy(mean.At(from), tile.Out0 + from, mean.First(from, count), count);
    }
}
