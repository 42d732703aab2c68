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
            tile.Out0[i] = ready ? close - old : V.Create(double.NaN);
        }
    }
}
