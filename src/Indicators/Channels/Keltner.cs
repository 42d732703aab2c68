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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period, _rangePeriod, _width));

    struct Kernel<V>(int period, int rangePeriod, double width) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        ExponentialMean<V> _mean = ExponentialMean<V>.Standard(period);
        TrueRangeStep<V> _range;
        ExponentialMean<V> _atr = ExponentialMean<V>.Wilder(rangePeriod);

        public void Reset()
        {
            _mean.Reset();
            _range.Reset();
            _atr.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            _mean.Push(close);
            if (_range.Push(tile.High[i], tile.Low[i], close))
            {
                _atr.Push(_range.Value);
            }

            var nan = V.Create(double.NaN);
            var ready = _mean.IsReady && _atr.IsReady;
            var half = V.Create(width) * _atr.Value;
            tile.Out0[i] = ready ? _mean.Value + half : nan;
            tile.Out1[i] = ready ? _mean.Value : nan;
            tile.Out2[i] = ready ? _mean.Value - half : nan;
        }
    }
}
