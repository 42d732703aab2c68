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

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        ExponentialMean<V> _once = ExponentialMean<V>.Standard(period);
        ExponentialMean<V> _twice = ExponentialMean<V>.Standard(period);

        public void Reset()
        {
            _once.Reset();
            _twice.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            _once.Push(tile.Close[i]);
            if (_once.IsReady)
            {
                _twice.Push(_once.Value);
            }

            tile.Out0[i] = _twice.IsReady ? V.Create(2) * _once.Value - _twice.Value : V.Create(double.NaN);
        }
    }
}
