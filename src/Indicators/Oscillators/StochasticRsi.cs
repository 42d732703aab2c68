using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Stochastic RSI (Tushar Chande and Stanley Kroll, 1994): the fast stochastic of the relative strength index.</summary>
public sealed class StochasticRsi : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "stochrsi",
        "Stochastic RSI",
        BarFields.Close,
        [
            ParameterDescriptor.Period(14),
            ParameterDescriptor.Period(5, 2, "fastK"),
            ParameterDescriptor.Period(3, 1, "fastD"),
        ],
        ["fast_k", "fast_d"],
        p => new StochasticRsi((int)p[0], (int)p[1], (int)p[2]));

    readonly int _period;
    readonly int _fastK;
    readonly int _fastD;

    /// <param name="period">Period of the relative strength index, 2 to 100,000.</param>
    /// <param name="fastK">Bars of the range, 2 to 100,000.</param>
    /// <param name="fastD">Bars of the smoothing, 1 to 100,000.</param>
    public StochasticRsi(int period = 14, int fastK = 5, int fastD = 3)
        : base(Definition, period + fastK + fastD - 2)
    {
        _period = Definition.Parameters[0].Checked(period);
        _fastK = Definition.Parameters[1].Checked(fastK);
        _fastD = Definition.Parameters[2].Checked(fastD);
    }

    /// <summary>Writes both lines of every bar, 0 to 100; NaN before bar <c>period + fastK + fastD - 2</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, int fastK, int fastD, Span<double> fastKOutput, Span<double> fastDOutput) =>
        new StochasticRsi(period, fastK, fastD).Compute(close, new(fastKOutput, fastDOutput));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period, _fastK, _fastD));

    unsafe struct Kernel<V>(int period, int fastK, int fastD) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _column = new(Block.Length);
        RelativeStrength<V> _rsi = new(period);
        RangePlace<V> _place = new(fastK);
        Smoothing<V> _d = new(fastD);

        public void Reset()
        {
            _rsi.Reset();
            _place.Reset();
            _d.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var rsi = _column.Start;
            var place = tile.Out0 + from;
            var d = tile.Out1 + from;
            var first = _rsi.Run(tile.Close + from, rsi, count);
            first = _place.Run(rsi, rsi, rsi, place, first, count);
            first = _d.Run(place, d, first, count);
            Block.FillNaN(place, first);
            Block.FillNaN(d, first);
        }
    }
}
