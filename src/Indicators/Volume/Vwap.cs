using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Volume-weighted average of the typical price over the last <c>period</c> bars. A window without any volume gives NaN: it has no such price.</summary>
public sealed class Vwap : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "vwap",
        "Rolling volume-weighted average price",
        BarFields.High | BarFields.Low | BarFields.Close | BarFields.Volume,
        [ParameterDescriptor.Period(20)],
        ["vwap"],
        p => new Vwap((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Vwap(int period = 20)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, in price units; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> high,
        ReadOnlySpan<double> low,
        ReadOnlySpan<double> close,
        ReadOnlySpan<double> volume,
        int period,
        Span<double> vwap) =>
        new Vwap(period).Compute(new BarSeries { High = high, Low = low, Close = close, Volume = volume }, new(vwap));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        SumWindow<V> _value = new(period);
        SumWindow<V> _volume = new(period);

        public void Reset()
        {
            _value.Reset();
            _volume.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var typical = (tile.High[i] + tile.Low[i] + tile.Close[i]) / V.Create(3);
            var volume = tile.Volume[i];
            _value.Push(typical * volume);
            _volume.Push(volume);
            tile.Out0[i] = _volume.IsReady ? V.IfEqual(_volume.Sum, V.Create(0), V.Create(double.NaN), _value.Sum / _volume.Sum) : V.Create(double.NaN);
        }
    }
}
