using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Commodity channel index (Donald Lambert, 1980): distance of the typical price from its mean in units of 0.015 mean absolute deviations; 0 when there is none.</summary>
/// <remarks>The mean absolute deviation has no running form: this indicator costs work in proportion to its period.</remarks>
public sealed class Cci : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "cci",
        "Commodity channel index",
        BarFields.High | BarFields.Low | BarFields.Close,
        [ParameterDescriptor.Period(14)],
        ["cci"],
        p => new Cci((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Cci(int period = 14)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, int period, Span<double> cci) =>
        new Cci(period).Compute(new BarSeries { High = high, Low = low, Close = close }, new(cci));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.Typical(), _period));

    internal override int TailStart(int count) => Tail.OfWindow(count, _period);

    unsafe struct Kernel<V>(Column<V> prices, int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        // The typical prices of the last period - 1 bars, and behind them those of the block.
        readonly LaneArray<V> _typical = new(period - 1 + Block.Length);
        readonly LaneArray<V> _means = new(Block.Length);
        MeanWindow<V> _mean = new(period);

        public void Reset() => _mean.Reset();

        public void Run(in Tile<V> tile, int from, int count)
        {
            var typical = _typical.Start + period - 1;
            new Span<V>(prices.At(from), count).CopyTo(new Span<V>(typical, count));
            var first = _mean.Run(typical, _means.Start, 0, count);
            Distance(typical, _means.Start, tile.Out0 + from, first, count);
            Block.FillNaN(tile.Out0 + from, first);
            new Span<V>(_typical.Start + count, period - 1).CopyTo(new Span<V>(_typical.Start, period - 1));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        readonly void Distance(V* typical, V* means, V* output, int first, int count)
        {
            var zero = V.Create(0);
            var scale = V.Create(0.015 / period);
            var i = first;

            // Two windows at once: each is a chain of dependent additions, and they share all prices but one at either end.
            for (; i + 1 < count; i += 2)
            {
                var mean0 = means[i];
                var mean1 = means[i + 1];
                var deviation0 = V.Abs(typical[i + 1 - period] - mean0);
                var deviation1 = zero;
                for (var k = i + 2 - period; k <= i; k++)
                {
                    var price = typical[k];
                    deviation0 += V.Abs(price - mean0);
                    deviation1 += V.Abs(price - mean1);
                }

                deviation1 += V.Abs(typical[i + 1] - mean1);
                output[i] = V.IfEqual(deviation0, zero, zero, (typical[i] - mean0) / (deviation0 * scale));
                output[i + 1] = V.IfEqual(deviation1, zero, zero, (typical[i + 1] - mean1) / (deviation1 * scale));
            }

            if (i < count)
            {
                var mean = means[i];
                var deviation = zero;
                for (var k = i + 1 - period; k <= i; k++)
                {
                    deviation += V.Abs(typical[k] - mean);
                }

                output[i] = V.IfEqual(deviation, zero, zero, (typical[i] - mean) / (deviation * scale));
            }
        }
    }
}
