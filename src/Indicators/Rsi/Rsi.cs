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
        ExponentialMean<V> _gain = ExponentialMean<V>.Wilder(period);
        ExponentialMean<V> _loss = ExponentialMean<V>.Wilder(period);
        V _previous;
        bool _started;

        public void Reset()
        {
            _gain.Reset();
            _loss.Reset();
            _started = false;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe void Next(in Tile<V> tile, int i)
        {
            var close = tile.Close[i];
            var change = close - _previous;
            _previous = close;
            if (_started)
            {
                var zero = V.Create(0);
                _gain.Push(V.Max(change, zero));
                _loss.Push(V.Max(zero - change, zero));
            }

            _started = true;
            tile.Out0[i] = _gain.IsReady ? Strength(_gain.Value, _loss.Value) : V.Create(double.NaN);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Strength(V gain, V loss)
        {
            var zero = V.Create(0);
            var sum = gain + loss;
            return V.IfEqual(sum, zero, zero, V.Create(100) * (gain / sum));
        }
    }
}
