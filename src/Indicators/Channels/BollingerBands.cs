using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Which denominator a standard deviation has.</summary>
public enum DeviationConvention
{
    /// <summary>Divides by n: TA-Lib, and the default.</summary>
    Population,

    /// <summary>Divides by n - 1.</summary>
    Sample,
}

/// <summary>
/// Bollinger bands (John Bollinger): the simple average and a number of standard deviations on either side, and %b, the place of the close
/// between the bands: 0 on the lower, 1 on the upper, 0.5 when the band has no width.
/// </summary>
public sealed class BollingerBands : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "bbands",
        "Bollinger bands",
        BarFields.Close,
        [
            ParameterDescriptor.Period(20),
            new ParameterDescriptor("deviations", 2, 0.001, 1000) { IsInteger = false },
            ParameterDescriptor.Convention(DeviationConvention.Population),
        ],
        ["upper", "middle", "lower", "percent_b"],
        p => new BollingerBands((int)p[0], p[1], (DeviationConvention)(int)p[2]));

    readonly int _period;
    readonly double _width;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    /// <param name="deviations">Standard deviations between the average and a band, 0.001 to 1,000.</param>
    /// <param name="convention">Population (TA-Lib) or sample deviation.</param>
    public BollingerBands(int period = 20, double deviations = 2, DeviationConvention convention = DeviationConvention.Population)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
        _width = Definition.Parameters[1].Checked(deviations) * StandardDeviation.Scale(period, Definition.Parameters[2].Checked(convention));
    }

    /// <summary>Writes the bands of every bar with the population deviation; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> close, int period, double deviations, Span<double> upper, Span<double> middle, Span<double> lower, Span<double> percentB = default) =>
        new BollingerBands(period, deviations).Compute(close, new(upper, middle, lower, percentB));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Moments(_period), _width));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(MomentColumn<V> moments, double width) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count)
        {
            var first = moments.First(from, count);
            Bands(tile.Close + from, moments.At(from), moments.VarianceAt(from), tile, from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
            Block.FillNaN(tile.Out1 + from, first);
            Block.FillNaN(tile.Out2 + from, first);
            Block.FillNaN(tile.Out3 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        readonly void Bands(V* closes, V* mean, V* variance, in Tile<V> tile, int from, int first, int count)
        {
            var out0 = tile.Out0 + from;
            var out1 = tile.Out1 + from;
            var out2 = tile.Out2 + from;
            var out3 = tile.Out3 + from;
            var factor = V.Create(width);
            var zero = V.Create(0);
            var centre = V.Create(0.5);
            for (var i = first; i < count; i++)
            {
                var close = closes[i];
                var middle = mean[i];
                var half = V.Sqrt(variance[i]) * factor;
                var upper = middle + half;
                var lower = middle - half;
                var range = upper - lower;
                out0[i] = upper;
                out1[i] = middle;
                out2[i] = lower;
                out3[i] = V.IfEqual(range, zero, centre, (close - lower) / range);
            }
        }
    }
}
