using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Stochastic oscillator (George Lane) without the first smoothing: %K and its simple average %D. A range of 0 gives 0, as in TA-Lib.</summary>
public sealed class FastStochastic : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "stochf",
        "Fast stochastic",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(5, 2, "fastK"), ParameterDescriptor.Period(3, 1, "fastD")],
        ["fast_k", "fast_d"],
        p => new FastStochastic((int)p[0], (int)p[1]));

    readonly int _fastK;
    readonly int _fastD;

    /// <param name="fastK">Bars of the range, 2 to 100,000.</param>
    /// <param name="fastD">Bars of the smoothing, 1 to 100,000.</param>
    public FastStochastic(int fastK = 5, int fastD = 3)
        : base(Definition, fastK + fastD - 2)
    {
        _fastK = Definition.Parameters[0].Checked(fastK);
        _fastD = Definition.Parameters[1].Checked(fastD);
    }

    /// <summary>Writes both lines of every bar, 0 to 100; NaN before bar <c>fastK + fastD - 2</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        int fastK,
        int fastD,
        Span<double> fastKOutput,
        Span<double> fastDOutput) =>
        new FastStochastic(fastK, fastD).Compute(new BarSeries { High = high, Low = low, Close = close }, new(fastKOutput, fastDOutput));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_fastK, _fastD));

    unsafe struct Kernel<V>(int fastK, int fastD) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        RangePlace<V> _place = new(fastK);
        Smoothing<V> _d = new(fastD);

        public void Reset()
        {
            _place.Reset();
            _d.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var place = tile.Out0 + from;
            var d = tile.Out1 + from;
            var first = _place.Run(tile.High + from, tile.Low + from, tile.Close + from, place, 0, count);
            first = _d.Run(place, d, first, count);
            Block.FillNaN(place, first);
            Block.FillNaN(d, first);
        }
    }
}
