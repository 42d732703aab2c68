using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Rate of change: 100 · (close / close <c>period</c> bars before − 1), in percent. A base of exactly 0 has no rate: NaN (TA-Lib writes 0).</summary>
public sealed class RateOfChange : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "roc", "Rate of change", BarFields.Close, [ParameterDescriptor.Period(10, 1)], ["roc"], p => new RateOfChange((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars between the two closes, 1 to 100,000.</param>
    public RateOfChange(int period = 10)
        : base(Definition, period) => _period = Definition.Parameters[0].Checked(period);

    /// <summary>Writes every bar, in percent; NaN before bar <c>period</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> rateOfChange) => new RateOfChange(period).Compute(close, new(rateOfChange));

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
            Percent(tile.Close + from, past.At(from), tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Percent(V* close, V* old, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var nan = V.Create(double.NaN);
            var one = V.Create(1);
            var hundred = V.Create(100);
            for (var i = first; i < count; i++)
            {
                var price = old[i];
                output[i] = V.IfEqual(price, zero, nan, (close[i] / price - one) * hundred);
            }
        }
    }
}
