using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Rolling standard deviation of the close, free of drift and exact at any price level (10⁶ ± 10⁻³ as well as 10⁻⁹).</summary>
public sealed class StandardDeviation : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "stddev",
        "Rolling standard deviation",
        BarFields.Close,
        [ParameterDescriptor.Period(20), ParameterDescriptor.Convention(DeviationConvention.Population)],
        ["stddev"],
        p => new StandardDeviation((int)p[0], (DeviationConvention)(int)p[1]));

    readonly int _period;
    readonly double _scale;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    /// <param name="convention">Population (TA-Lib) or sample.</param>
    public StandardDeviation(int period = 20, DeviationConvention convention = DeviationConvention.Population)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
        _scale = Scale(period, Definition.Parameters[1].Checked(convention));
    }

    /// <summary>Writes the deviation of every bar; NaN before bar <c>period - 1</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> deviation, DeviationConvention convention = DeviationConvention.Population) =>
        new StandardDeviation(period, convention).Compute(close, new(deviation));

    /// <summary>What a population deviation is multiplied by.</summary>
    internal static double Scale(int period, DeviationConvention convention) =>
        convention == DeviationConvention.Population ? 1 : Math.Sqrt(period / (period - 1.0));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Moments(_period), _scale));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(MomentColumn<V> moments, double scale) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public readonly void Run(in Tile<V> tile, int from, int count)
        {
            var variance = moments.VarianceAt(from);
            var first = moments.First(from, count);
            var output = tile.Out0 + from;
            var factor = V.Create(scale);
            Block.FillNaN(output, first);
            for (var i = first; i < count; i++)
            {
                output[i] = V.Sqrt(variance[i]) * factor;
            }
        }
    }
}
