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

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Typical(), _period));

    unsafe struct Kernel<V>(Column<V> prices, int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        FoldWindow<V, Sum> _rising = new(period);
        FoldWindow<V, Sum> _falling = new(period);
        V _previous;
        bool _started;

        public void Reset()
        {
            _rising.Reset();
            _falling.Reset();
            _started = false;
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var typical = prices.At(from);
            var rising = _columns.Start;
            var falling = _columns.Start + Block.Length;
            var begin = _started ? 0 : 1;
            _previous = _started ? _previous : typical[0];
            _started = true;
            Flows(typical, tile.Volume + from, rising, falling, count);
            _rising.Run(rising, rising, begin, count);
            var first = _falling.Run(falling, falling, begin, count);
            Index(rising, falling, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Flows(V* typical, V* volume, V* rising, V* falling, int count)
        {
            var previous = _previous;
            var zero = V.Create(0);
            for (var i = 0; i < count; i++)
            {
                var now = typical[i];
                var flow = now * volume[i];
                rising[i] = V.IfLess(previous, now, flow, zero);
                falling[i] = V.IfLess(now, previous, flow, zero);
                previous = now;
            }

            _previous = previous;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Index(V* rising, V* falling, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var hundred = V.Create(100);
            for (var i = first; i < count; i++)
            {
                var sum = rising[i] + falling[i];
                output[i] = V.IfEqual(sum, zero, zero, hundred * (rising[i] / sum));
            }
        }
    }
}
