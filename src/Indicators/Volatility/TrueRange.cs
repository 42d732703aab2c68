using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>True range (J. Welles Wilder, 1978): the largest of high − low and the distances of high and low from the close before.</summary>
public sealed class TrueRange : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "trange", "True range", BarFields.High | BarFields.Low | BarFields.Close, [], ["trange"], _ => new TrueRange());

    /// <summary>Without parameters.</summary>
    public TrueRange()
        : base(Definition, 1)
    {
    }

    /// <summary>Writes every bar, in price units; NaN at bar 0, which has no close before it. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close, Span<double> trange) =>
        new TrueRange().Compute(new BarSeries { High = high, Low = low, Close = close }, new(trange));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(plan.TrueRange()));

    internal override int TailStart(int count) => Tail.OfDelay(count, 1);

    unsafe struct Kernel<V>(Column<V> range) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        public readonly void Reset()
        {
        }

        public readonly void Run(in Tile<V> tile, int from, int count) => Block.Copy(range.At(from), tile.Out0 + from, range.First(from, count), count);
    }
}
