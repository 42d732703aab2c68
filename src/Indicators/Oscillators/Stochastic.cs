using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Stochastic oscillator (George Lane): place of the close between the lowest low and the highest high, smoothed twice by simple averages. A range of 0 gives 0, as in TA-Lib.</summary>
public sealed class Stochastic : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "stoch",
        "Slow stochastic",
        BarFields.High | BarFields.Low | BarFields.Close,
        [
            ParameterDescriptor.Period(5, 2, "fastK"),
            ParameterDescriptor.Period(3, 1, "slowK"),
            ParameterDescriptor.Period(3, 1, "slowD"),
        ],
        ["slow_k", "slow_d"],
        p => new Stochastic((int)p[0], (int)p[1], (int)p[2]));

    readonly int _fastK;
    readonly int _slowK;
    readonly int _slowD;

    /// <param name="fastK">Bars of the range, 2 to 100,000.</param>
    /// <param name="slowK">Bars of the first smoothing, 1 to 100,000; 1 means none.</param>
    /// <param name="slowD">Bars of the second smoothing, 1 to 100,000.</param>
    public Stochastic(int fastK = 5, int slowK = 3, int slowD = 3)
        : base(Definition, fastK + slowK + slowD - 3)
    {
        _fastK = Definition.Parameters[0].Checked(fastK);
        _slowK = Definition.Parameters[1].Checked(slowK);
        _slowD = Definition.Parameters[2].Checked(slowD);
    }

    /// <summary>Writes both lines of every bar, 0 to 100; NaN before bar <c>fastK + slowK + slowD - 3</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        int fastK,
        int slowK,
        int slowD,
        Span<double> slowKOutput,
        Span<double> slowDOutput) =>
        new Stochastic(fastK, slowK, slowD).Compute(new BarSeries { High = high, Low = low, Close = close }, new(slowKOutput, slowDOutput));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_fastK, _slowK, _slowD));

    unsafe struct Kernel<V>(int fastK, int slowK, int slowD) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _column = new(Block.Length);
        RangePlace<V> _place = new(fastK);
        Smoothing<V> _k = new(slowK);
        Smoothing<V> _d = new(slowD);

        public void Reset()
        {
            _place.Reset();
            _k.Reset();
            _d.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var k = tile.Out0 + from;
            var d = tile.Out1 + from;
            var first = _place.Run(tile.High + from, tile.Low + from, tile.Close + from, _column.Start, 0, count);
            first = _k.Run(_column.Start, k, first, count);
            first = _d.Run(k, d, first, count);
            Block.FillNaN(k, first);
            Block.FillNaN(d, first);
        }
    }
}
