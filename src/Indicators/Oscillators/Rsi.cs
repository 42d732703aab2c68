using System.Runtime.CompilerServices;
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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        RsiStep<V> _rsi = new(period);

        public void Reset() => _rsi.Reset();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i) =>
            tile.Out0[i] = _rsi.Push(tile.Close[i]) ? _rsi.Value : V.Create(double.NaN);
    }
}
