using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Double exponential moving average (Patrick Mulloy, 1994): 2 · EMA − EMA of EMA, each seeded with the mean of its first <c>period</c> values.</summary>
public sealed class Dema : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "dema", "Double exponential moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["dema"], p => new Dema((int)p[0]));

    readonly int _period;

    /// <param name="period">Span of both averages, 2 to 100,000.</param>
    public Dema(int period = 20)
        : base(Definition, 2 * (period - 1))
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>2 (period - 1)</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> dema) =>
        new Dema(period).Compute(close, new(dema));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Exponential(_period), _period));

    unsafe struct Kernel<V>(Column<V> once, int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        readonly LaneArray<V> _column = new(Block.Length);
        ExponentialMean<V> _twice = ExponentialMean<V>.Standard(period);

        public void Reset() => _twice.Reset();

        public void Run(in Tile<V> tile, int from, int count)
        {
            var twice = _column.Start;
            var first = _twice.Run(once.At(from), twice, once.First(from, count), count);
            Combine(once.At(from), twice, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Combine(V* once, V* twice, V* output, int first, int count)
        {
            var two = V.Create(2);
            for (var i = first; i < count; i++)
            {
                output[i] = two * once[i] - twice[i];
            }
        }
    }
}
