using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Where the window of a Donchian channel ends.</summary>
public enum DonchianConvention
{
    /// <summary>Today: the maximum and minimum of TA-Lib.</summary>
    IncludeToday,

    /// <summary>The bar before, so that today can break out (Stock.Indicators).</summary>
    PriorBars,
}

/// <summary>Donchian channel (Richard Donchian): highest high, lowest low and their middle.</summary>
public sealed class Donchian : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "donchian",
        "Donchian channel",
        BarFields.High | BarFields.Low,
        [ParameterDescriptor.Period(20), ParameterDescriptor.Convention(DonchianConvention.IncludeToday)],
        ["upper", "middle", "lower"],
        p => new Donchian((int)p[0], (DonchianConvention)(int)p[1]));

    readonly int _period;
    readonly DonchianConvention _convention;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    /// <param name="convention">Whether the window ends today or the bar before.</param>
    public Donchian(int period = 20, DonchianConvention convention = DonchianConvention.IncludeToday)
        : base(Definition, convention == DonchianConvention.IncludeToday ? period - 1 : period)
    {
        _period = Definition.Parameters[0].Checked(period);
        _convention = Definition.Parameters[1].Checked(convention);
    }

    /// <summary>Writes every bar, in price units; NaN before bar <c>period - 1</c> (one later when today is left out). An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        int period,
        Span<double> upper,
        Span<double> middle,
        Span<double> lower,
        DonchianConvention convention = DonchianConvention.IncludeToday) =>
        new Donchian(period, convention).Compute(new BarSeries { High = high, Low = low }, new(upper, middle, lower));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period, _convention));

    unsafe struct Kernel<V>(int period, DonchianConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        // One bar more in front: the extremes of the bar before the block.
        readonly LaneArray<V> _columns = new(2 * (Block.Length + 1));
        readonly int _back = convention == DonchianConvention.IncludeToday ? 0 : 1;
        ExtremeWindow<V, Highest> _high = new(period);
        ExtremeWindow<V, Lowest> _low = new(period);
        bool _carried;

        public void Reset()
        {
            _high.Reset();
            _low.Reset();
            _carried = false;
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var high = _columns.Start + 1;
            var low = _columns.Start + Block.Length + 2;
            _high.Run(tile.High + from, high, 0, count);
            var first = _low.Run(tile.Low + from, low, 0, count);
            var shown = first == 0 && _carried ? 0 : Math.Min(count, first + _back);
            Channel(high - _back, low - _back, tile, from, shown, count);
            Block.FillNaN(tile.Out0 + from, shown);
            Block.FillNaN(tile.Out1 + from, shown);
            Block.FillNaN(tile.Out2 + from, shown);
            _carried = first < count;
            high[-1] = high[count - 1];
            low[-1] = low[count - 1];
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Channel(V* high, V* low, in Tile<V> tile, int from, int first, int count)
        {
            var upper = tile.Out0 + from;
            var middle = tile.Out1 + from;
            var lower = tile.Out2 + from;
            var half = V.Create(0.5);
            for (var i = first; i < count; i++)
            {
                var top = high[i];
                var bottom = low[i];
                upper[i] = top;
                middle[i] = (top + bottom) * half;
                lower[i] = bottom;
            }
        }
    }
}
