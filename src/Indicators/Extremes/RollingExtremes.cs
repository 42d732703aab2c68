using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Lowest and highest close of the last <c>period</c> bars.</summary>
public sealed class RollingExtremes : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "minmax", "Rolling minimum and maximum", BarFields.Close, [ParameterDescriptor.Period(30)], ["min", "max"], p => new RollingExtremes((int)p[0]));

    readonly int _period;

    /// <param name="period">Bars in the window, 2 to 100,000.</param>
    public RollingExtremes(int period = 30)
        : base(Definition, period - 1)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period - 1</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, int period, Span<double> min, Span<double> max) =>
        new RollingExtremes(period).Compute(close, new(min, max));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        ExtremeWindow<V, Lowest> _low = new(period);
        ExtremeWindow<V, Highest> _high = new(period);

        public void Reset()
        {
            _low.Reset();
            _high.Reset();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            _low.Push(close);
            _high.Push(close);
            tile.Out0[i] = _low.IsReady ? _low.Value : V.Create(double.NaN);
            tile.Out1[i] = _low.IsReady ? _high.Value : V.Create(double.NaN);
        }
    }
}
