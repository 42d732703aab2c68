using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Momentum: the close minus the close <c>period</c> bars before.</summary>
public sealed class Momentum : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "mom", "Momentum", BarFields.Close, [ParameterDescriptor.Period(10, 1)], ["mom"], p => new Momentum((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars between the two closes, 1 to 100,000.</param>
    public Momentum(int period = 10)
        : base(Definition, period) => _period = Definition.Parameters[0].Checked(period);

    /// <summary>Writes every bar, in price units; NaN before bar <c>period</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> momentum) => new Momentum(period).Compute(close, new(momentum));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Past(_period)));

    internal override int TailStart(int count) => Tail.OfDelay(count, _period);

    unsafe struct Kernel<V>(Column<V> past) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count)
        {
            var first = past.First(from, count);
            Difference(tile.Close + from, past.At(from), tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Difference(V* close, V* old, V* output, int first, int count)
        {
            for (var i = first; i < count; i++)
            {
                var price = old[i];
                output[i] = close[i] - price;
            }
        }
    }
}
