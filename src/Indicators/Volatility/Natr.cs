using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Average true range in percent of the close. A close of exactly 0 gives NaN (TA-Lib writes 0).</summary>
public sealed class Natr : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "natr",
        "Normalised average true range",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(14)],
        ["natr"],
        p => new Natr((int)p[0]));

    readonly int _period;

    /// <param name="period">Ranges in the seed and Wilder's smoothing constant, 2 to 100,000.</param>
    public Natr(int period = 14)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, in percent; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> natr) =>
        new Natr(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(natr));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.AverageRange(_period)));

    unsafe struct Kernel<V>(Column<V> average) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count)
        {
            var first = average.First(from, count);
            Percent(average.At(from), tile.Close + from, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Percent(V* mean, V* close, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var nan = V.Create(double.NaN);
            var hundred = V.Create(100);
            for (var i = first; i < count; i++)
            {
                var price = close[i];
                output[i] = V.IfEqual(price, zero, nan, mean[i] / price * hundred);
            }
        }
    }
}
