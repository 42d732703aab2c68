using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Triple exponential moving average (Patrick Mulloy, 1994): 3 · EMA − 3 · EMA of EMA + EMA of EMA of EMA.</summary>
public sealed class Tema : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "tema", "Triple exponential moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["tema"], p => new Tema((int)p[0]));

    readonly int _period;

    /// <param name="period">Span of the three averages, 2 to 100,000.</param>
    public Tema(int period = 20)
        : base(Definition, 3 * (period - 1))
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>3 (period - 1)</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> tema) =>
        new Tema(period).Compute(close, new(tema));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Exponential(_period), _period));

    unsafe struct Kernel<V>(Column<V> once, int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        ExponentialMean<V> _twice = ExponentialMean<V>.Standard(period);
        ExponentialMean<V> _thrice = ExponentialMean<V>.Standard(period);

        public void Reset()
        {
            _twice.Reset();
            _thrice.Reset();
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var twice = _columns.Start;
            var thrice = _columns.Start + Block.Length;
            var first = _twice.Run(once.At(from), twice, once.First(from, count), count);
            first = _thrice.Run(twice, thrice, first, count);
            Combine(once.At(from), twice, thrice, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Combine(V* once, V* twice, V* thrice, V* output, int first, int count)
        {
            var three = V.Create(3);
            for (var i = first; i < count; i++)
            {
                output[i] = three * (once[i] - twice[i]) + thrice[i];
            }
        }
    }
}
