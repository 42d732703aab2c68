using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Keltner channel (Chester Keltner; in the form of Linda Raschke): exponential average of the close and a multiple of the average true range on either side.</summary>
public sealed class Keltner : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "keltner",
        "Keltner channel",
        BarFields.High | BarFields.Low | BarFields.Close,
        [
            ParameterDescriptor.Period(20),
            ParameterDescriptor.Period(10, 2, "rangePeriod"),
            new ParameterDescriptor("width", 2, 0.001, 1000) { IsInteger = false },
        ],
        ["upper", "middle", "lower"],
        p => new Keltner((int)p[0], (int)p[1], p[2]));

    readonly int _period;
    readonly int _rangePeriod;
    readonly double _width;

    /// <param name="period">Span of the average, 2 to 100,000.</param>
    /// <param name="rangePeriod">Period of the average true range, 2 to 100,000.</param>
    /// <param name="width">Multiple of the range, 0.001 to 1,000.</param>
    public Keltner(int period = 20, int rangePeriod = 10, double width = 2)
        : base(Definition, Math.Max(period - 1, rangePeriod))
    {
        _period = Definition.Parameters[0].Checked(period);
        _rangePeriod = Definition.Parameters[1].Checked(rangePeriod);
        _width = Definition.Parameters[2].Checked(width);
    }

    /// <summary>Writes every bar, in price units; NaN before bar <c>max(period - 1, rangePeriod)</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        int period,
        int rangePeriod,
        double width,
        Span<double> upper,
        Span<double> middle,
        Span<double> lower) =>
        new Keltner(period, rangePeriod, width).Compute(new BarSeries { High = high, Low = low, Close = close }, new(upper, middle, lower));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Exponential(_period), plan.AverageRange(_rangePeriod), _width));

    unsafe struct Kernel<V>(Column<V> mean, Column<V> range, double width) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count)
        {
            var first = Math.Max(mean.First(from, count), range.First(from, count));
            Channel(mean.At(from), range.At(from), tile, from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
            Block.FillNaN(tile.Out1 + from, first);
            Block.FillNaN(tile.Out2 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        readonly void Channel(V* means, V* ranges, in Tile<V> tile, int from, int first, int count)
        {
            var upper = tile.Out0 + from;
            var middle = tile.Out1 + from;
            var lower = tile.Out2 + from;
            var factor = V.Create(width);
            for (var i = first; i < count; i++)
            {
                var centre = means[i];
                var half = factor * ranges[i];
                upper[i] = centre + half;
                middle[i] = centre;
                lower[i] = centre - half;
            }
        }
    }
}
