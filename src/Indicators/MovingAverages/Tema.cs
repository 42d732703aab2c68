using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Triple exponential moving average (Patrick Mulloy, 1994): 3 · EMA − 3 · EMA of EMA + EMA of EMA of EMA.</summary>
public sealed class Tema : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "tema", "Triple exponential moving average", BarFields.Close, [ParameterDescriptor.Period(20)], ["tema"], p => new Tema((int)p[0]));

    readonly int _period;

    /// <param name="period">Span of the three averages, 2 to 100,000.</param>
    public Tema(int period = 20)
        : base(Definition, 3 * (period - 1))
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>3 (period - 1)</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> tema) =>
        new Tema(period).Compute(close, new(tema));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        ExponentialMean<V> _once = ExponentialMean<V>.Standard(period);
        ExponentialMean<V> _twice = ExponentialMean<V>.Standard(period);
        ExponentialMean<V> _thrice = ExponentialMean<V>.Standard(period);

        public void Reset()
        {
            _once.Reset();
            _twice.Reset();
            _thrice.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            _once.Push(tile.Close[i]);
            if (_once.IsReady)
            {
                _twice.Push(_once.Value);
            }

            if (_twice.IsReady)
            {
                _thrice.Push(_twice.Value);
            }

            tile.Out0[i] = _thrice.IsReady ? V.Create(3) * (_once.Value - _twice.Value) + _thrice.Value : V.Create(double.NaN);
        }
    }
}
