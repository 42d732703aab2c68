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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    internal override int TailStart(int count) => Tail.OfDelay(count, _period);

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        DelayLine<V> _past = new(period);

        public void Reset() => _past.Reset();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            var ready = _past.IsReady;
            var old = _past.Push(close);
            tile.Out0[i] = ready ? V.IfEqual(old, V.Create(0), V.Create(double.NaN), (close / old - V.Create(1)) * V.Create(100)) : V.Create(double.NaN);
        }
    }
}
