using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Money flow index (Gene Quong and Avrum Soudack): share of the money flow (typical price × volume) on rising bars, in percent. No flow at all gives 0, as in TA-Lib.</summary>
public sealed class Mfi : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "mfi",
        "Money flow index",
        BarFields.High | BarFields.Low | BarFields.Close | BarFields.Volume,
        [ParameterDescriptor.Period(14)],
        ["mfi"],
        p => new Mfi((int)p[0]));

    readonly int _period;

    /// <param name="period">Changes in the window, 2 to 100,000.</param>
    public Mfi(int period = 14)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, 0 to 100; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        ReadOnlySpan<double> volume,
        int period,
        Span<double> mfi) =>
        new Mfi(period).Compute(new BarSeries { High = high, Low = low, Close = close, Volume = volume }, new(mfi));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        SumWindow<V> _rising = new(period);
        SumWindow<V> _falling = new(period);
        V _previous;
        bool _started;

        public void Reset()
        {
            _rising.Reset();
            _falling.Reset();
            _started = false;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var typical = (tile.High[i] + tile.Low[i] + tile.Close[i]) / V.Create(3);
            var zero = V.Create(0);
            if (_started)
            {
                var flow = typical * tile.Volume[i];
                _rising.Push(V.IfLess(_previous, typical, flow, zero));
                _falling.Push(V.IfLess(typical, _previous, flow, zero));
            }

            _started = true;
            _previous = typical;
            var sum = _rising.Sum + _falling.Sum;
            tile.Out0[i] = _rising.IsReady ? V.IfEqual(sum, zero, zero, V.Create(100) * (_rising.Sum / sum)) : V.Create(double.NaN);
        }
    }
}
