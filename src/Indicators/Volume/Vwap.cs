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

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Typical(), _period));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(Column<V> prices, int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        FoldWindow<V, Sum> _value = new(period);
        FoldWindow<V, Sum> _volume = new(period);

        public void Reset()
        {
            _value.Reset();
            _volume.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(in Tile<V> tile, int from, int count)
        {
            var value = _columns.Start;
            var volume = _columns.Start + Block.Length;
            var traded = tile.Volume + from;
            var typical = prices.At(from);
            for (var i = 0; i < count; i++)
            {
                value[i] = typical[i] * traded[i];
            }

            _value.Run(value, value, 0, count);
            var first = _volume.Run(traded, volume, 0, count);
            var output = tile.Out0 + from;
            var zero = V.Create(0);
            var nan = V.Create(double.NaN);
            for (var i = first; i < count; i++)
            {
                output[i] = V.IfEqual(volume[i], zero, nan, value[i] / volume[i]);
            }

            Block.FillNaN(output, first);
        }
    }
}
