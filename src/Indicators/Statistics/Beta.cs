using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>Beta: slope of the stock's one-bar returns on those of a reference series (an index) over the last <c>period</c> returns. NaN where the reference does not move.</summary>
/// <remarks>Equals TA-Lib's BETA with the reference as its first input and the stock as its second. A return on a price of 0 counts as 0, as there.</remarks>
public sealed class Beta : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "beta", "Beta", BarFields.Close | BarFields.Reference, [ParameterDescriptor.Period(5)], ["beta"], p => new Beta((int)p[0]));

    readonly int _period;

    /// <param name="period">Returns in the window, 2 to 100,000.</param>
    public Beta(int period = 5)
        : base(Definition, period)
    {
        _period = Definition.Parameters[0].Checked(period);
    }

    /// <summary>Writes every bar; NaN before bar <c>period</c>. An empty span skips its output.</summary>
    public static void Series(ReadOnlySpan<double> close, ReadOnlySpan<double> reference, int period, Span<double> beta) =>
        new Beta(period).Compute(new BarSeries { Close = close, Reference = reference }, new(beta));

    internal override KernelRunner<V> CreateRunner<V>() => new KernelRunner<Kernel<V>, V>(new(_period));

    struct Kernel<V>(int period) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        CovarianceWindow<V> _window = new(period);
        V _close;
        V _reference;
        bool _started;

        public void Reset()
        {
            _window.Reset();
            _started = false;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            var reference = tile.Reference[i];
            if (_started)
            {
                _window.Push(Return(_reference, reference), Return(_close, close));
            }

            _started = true;
            _close = close;
            _reference = reference;
            tile.Out0[i] = _window.IsReady ? V.IfEqual(_window.SpreadX, V.Create(0), V.Create(double.NaN), _window.Product / _window.SpreadX) : V.Create(double.NaN);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Return(V before, V now) => V.IfEqual(before, V.Create(0), V.Create(0), (now - before) / before);
    }
}
