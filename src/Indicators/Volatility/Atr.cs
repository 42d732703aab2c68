using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Average true range (J. Welles Wilder, 1978): Wilder's mean of the true range, seeded with the mean of the first <c>period</c> ranges.</summary>
public sealed class Atr : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "atr", "Average true range", BarFields.High | BarFields.Low | BarFields.Close, [ParameterDescriptor.Period(14)], ["atr"], p => new Atr((int)p[0]));

    readonly int _period;

    /// <param name="period">Ranges in the seed and Wilder's smoothing constant, 2 to 100,000.</param>
    public Atr(int period = 14)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, in price units; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> atr) =>
        new Atr(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(atr));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.AverageRange(_period)));

    unsafe struct Kernel<V>(Column<V> mean) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count) => Block.Copy(mean.At(from), tile.Out0 + from, mean.First(from, count), count);
    }
}
