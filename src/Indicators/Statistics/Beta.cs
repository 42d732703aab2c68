using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Beta: slope of the stock's one-bar returns on those of a reference series (an index) over the last <c>period</c> returns. NaN where the reference does not move.</summary>
/// <remarks>Equals TA-Lib's BETA with the reference as its first input and the stock as its second. A return on a price of 0 counts as 0, as there.</remarks>
public sealed class Beta : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "beta", "Beta", BarFields.Close | BarFields.Reference, [ParameterDescriptor.Period(5)], ["beta"], p => new Beta((int)p[0]));

    readonly int _period;

    /// <param name="period">Returns in the window, 2 to 100,000.</param>
    public Beta(int period = 5)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, ReadOnlySpan<double> reference, int period, Span<double> beta) =>
        new Beta(period).Compute(new BarSeries { Close = close, Reference = reference }, new(beta));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(5 * Block.Length);
        CovarianceWindow<V> _window = new(period);
        V _close;
        V _reference;
        bool _started;

        public void Reset()
        {
            _window.Reset();
            _started = false;
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var market = _columns.Start;
            var stock = _columns.Start + Block.Length;
            var spreadX = _columns.Start + 2 * Block.Length;
            var spreadY = _columns.Start + 3 * Block.Length;
            var product = _columns.Start + 4 * Block.Length;
            var begin = _started ? 0 : 1;
            _started = true;
            _reference = Returns(tile.Reference + from, _reference, market, count);
            _close = Returns(tile.Close + from, _close, stock, count);
            var first = _window.Run(market, stock, spreadX, spreadY, product, begin, count);
            Ratio(spreadX, product, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static V Returns(V* values, V previous, V* returns, int count)
        {
            var zero = V.Create(0);
            for (var i = 0; i < count; i++)
            {
                var now = values[i];
                returns[i] = V.IfEqual(previous, zero, zero, (now - previous) / previous);
                previous = now;
            }

            return previous;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Ratio(V* spread, V* product, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var nan = V.Create(double.NaN);
            for (var i = first; i < count; i++)
            {
                output[i] = V.IfEqual(V.Max(zero, spread[i]), zero, nan, product[i] / spread[i]);
            }
        }
    }
}
