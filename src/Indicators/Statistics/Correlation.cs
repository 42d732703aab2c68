using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Pearson's correlation of the closes of a stock and of a reference series (an index) over the last <c>period</c> bars; 0 where one of them does not move, as in TA-Lib.</summary>
public sealed class Correlation : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "correl", "Correlation", BarFields.Close | BarFields.Reference, [ParameterDescriptor.Period(30)], ["correl"], p => new Correlation((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Correlation(int period = 30)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, −1 to 1; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, ReadOnlySpan<double> reference, int period, Span<double> correl) =>
        new Correlation(period).Compute(new BarSeries { Close = close, Reference = reference }, new(correl));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(3 * Block.Length);
        CovarianceWindow<V> _window = new(period);

        public void Reset() => _window.Reset();

        public void Run(in Tile<V> tile, int from, int count)
        {
            var spreadX = _columns.Start;
            var spreadY = _columns.Start + Block.Length;
            var product = _columns.Start + 2 * Block.Length;
            var first = _window.Run(tile.Close + from, tile.Reference + from, spreadX, spreadY, product, 0, count);
            Ratio(spreadX, spreadY, product, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Ratio(V* spreadX, V* spreadY, V* product, V* output, int first, int count)
        {
            var zero = V.Create(0);
            for (var i = first; i < count; i++)
            {
                var spread = V.Sqrt(V.Max(zero, spreadX[i])) * V.Sqrt(V.Max(zero, spreadY[i]));
                output[i] = V.IfEqual(spread, zero, zero, product[i] / spread);
            }
        }
    }
}
