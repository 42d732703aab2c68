using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>
/// Relative strength index (J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978): 100 · gains / (gains + losses),
/// both smoothed by Wilder's mean and seeded with the plain mean of the first <c>period</c> changes.
/// </summary>
/// <remarks>While no price has ever changed the value is 0, as in TA-Lib.</remarks>
public sealed class Rsi : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "rsi", "Relative strength index", BarFields.Close, [ParameterDescriptor.Period(14)], ["rsi"], p => new Rsi((int)p[0]));

    readonly int _period;

    /// <param name="period">Changes in the seed and Wilder's smoothing constant, 2 to 100,000.</param>
    public Rsi(int period = 14)
        : base(Definition, period) => _period = Definition.Parameters[0].Checked(period);

    /// <summary>Writes the index of every bar, 0 to 100; NaN before bar <c>period</c>.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> rsi) => new Rsi(period).Compute(close, new(rsi));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_period));

    unsafe struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        RelativeStrength<V> _strength = new(period);

        public void Reset() => _strength.Reset();

        public void Run(in Tile<V> tile, int from, int count)
        {
            var first = _strength.Run(tile.Close + from, tile.Out0 + from, count);
            Block.FillNaN(tile.Out0 + from, first);
        }
    }
}
