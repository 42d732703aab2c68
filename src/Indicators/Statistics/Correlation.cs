using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Pearson's correlation of the closes of a stock and of a reference series (an index) over the last <c>period</c> bars; 0 where one of them does not move, as in TA-Lib.</summary>
public sealed class Correlation : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "correl", "Correlation", BarFields.Close | BarFields.Reference, [ParameterDescriptor.Period(30)], ["correl"], p => new Correlation((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public Correlation(int period = 30)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar, −1 to 1; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, ReadOnlySpan<double> reference, int period, Span<double> correl) =>
        new Correlation(period).Compute(new BarSeries { Close = close, Reference = reference }, new(correl));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        CovarianceWindow<V> _window = new(period);

        public void Reset() => _window.Reset();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            _window.Push(tile.Close[i], tile.Reference[i]);
            var zero = V.Create(0);
            var spread = V.Sqrt(_window.SpreadX) * V.Sqrt(_window.SpreadY);
            tile.Out0[i] = _window.IsReady ? V.IfEqual(spread, zero, zero, _window.Product / spread) : V.Create(double.NaN);
        }
    }
}
