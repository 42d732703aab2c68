using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Williams %R (Larry Williams): distance of the close from the highest high in percent of the range, 0 at the high and −100 at the low. A range of 0 gives 0, as in TA-Lib.</summary>
public sealed class WilliamsR : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "willr", "Williams %R", BarFields.High | BarFields.Low | BarFields.Close, [ParameterDescriptor.Period(14)], ["willr"], p => new WilliamsR((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public WilliamsR(int period = 14)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, −100 to 0; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> willr) =>
        new WilliamsR(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(willr));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        ExtremeWindow<V, Highest> _high = new(period);
        ExtremeWindow<V, Lowest> _low = new(period);

        public void Reset()
        {
            _high.Reset();
            _low.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var high = _columns.Start;
            var low = _columns.Start + Block.Length;
            _high.Run(tile.High + from, high, 0, count);
            var first = _low.Run(tile.Low + from, low, 0, count);
            Place(high, low, tile.Close + from, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Place(V* high, V* low, V* close, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var scale = V.Create(-100);
            for (var i = first; i < count; i++)
            {
                var top = high[i];
                var range = top - low[i];
                output[i] = V.IfEqual(range, zero, zero, scale * ((top - close[i]) / range));
            }
        }
    }
}
