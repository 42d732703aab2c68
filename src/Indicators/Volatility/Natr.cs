using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Average true range in percent of the close. A close of exactly 0 gives NaN (TA-Lib writes 0).</summary>
public sealed class Natr : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "natr",
        "Normalised average true range",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(14)],
        ["natr"],
        p => new Natr((int)p[0]));

    readonly int _period;

    /// <param name="period">Ranges in the seed and Wilder's smoothing constant, 2 to 100,000.</param>
    public Natr(int period = 14)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, in percent; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> natr) =>
        new Natr(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(natr));

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
            var close = tile.Close[i];
            if (_range.Push(tile.High[i], tile.Low[i], close))
            {
                _mean.Push(_range.Value);
            }

            tile.Out0[i] = _mean.IsReady ? V.IfEqual(close, V.Create(0), V.Create(double.NaN), _mean.Value / close * V.Create(100)) : V.Create(double.NaN);
        }
    }
}
