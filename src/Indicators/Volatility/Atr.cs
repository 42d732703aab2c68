using System.Runtime.CompilerServices;
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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        TrueRangeStep<V> _range;
        ExponentialMean<V> _mean = ExponentialMean<V>.Wilder(period);

        public void Reset()
        {
            _range.Reset();
            _mean.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            if (_range.Push(tile.High[i], tile.Low[i], tile.Close[i]))
            {
                _mean.Push(_range.Value);
            }

            tile.Out0[i] = _mean.IsReady ? _mean.Value : V.Create(double.NaN);
        }
    }
}
