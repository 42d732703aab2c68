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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period, _convention));

    struct Kernel<V>(int period, DonchianConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly bool _today = convention == DonchianConvention.IncludeToday;
        ExtremeWindow<V, Highest> _high = new(period);
        ExtremeWindow<V, Lowest> _low = new(period);

        public void Reset()
        {
            _high.Reset();
            _low.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            if (_today)
            {
                _high.Push(tile.High[i]);
                _low.Push(tile.Low[i]);
            }

            var ready = _high.IsReady;
            var upper = ready ? _high.Value : V.Create(double.NaN);
            var lower = ready ? _low.Value : V.Create(double.NaN);
            if (!_today)
            {
                _high.Push(tile.High[i]);
                _low.Push(tile.Low[i]);
            }

            tile.Out0[i] = upper;
            tile.Out1[i] = (upper + lower) * V.Create(0.5);
            tile.Out2[i] = lower;
        }
    }
}
