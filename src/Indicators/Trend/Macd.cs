using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>How the fast average of MACD is seeded; the two differ visibly for about a hundred bars.</summary>
public enum MacdConvention
{
    /// <summary>Both averages begin at bar <c>slow - 1</c>: the fast seed is the mean of the <c>fast</c> closes that end there. The line is NaN until the signal is there.</summary>
    TaLib,

    /// <summary>Each average begins after its own first closes, and the line as soon as the slow average is there (spreadsheets, Stock.Indicators).</summary>
    Independent,
}

/// <summary>Moving average convergence/divergence (Gerald Appel): fast average minus slow average, its signal average, and their difference.</summary>
public sealed class Macd : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "macd",
        "Moving average convergence/divergence",
        BarFields.Close,
        [
            ParameterDescriptor.Period(12, 2, "fast"),
            ParameterDescriptor.Period(26, 2, "slow"),
            ParameterDescriptor.Period(9, 2, "signal"),
            ParameterDescriptor.Convention(MacdConvention.TaLib),
        ],
        ["line", "signal", "histogram"],
        p => new Macd((int)p[0], (int)p[1], (int)p[2], (MacdConvention)(int)p[3]));

    readonly int _fast;
    readonly int _slow;
    readonly int _signal;
    readonly MacdConvention _convention;

    /// <param name="fast">Period of the fast average, 2 to 100,000 and less than <paramref name="slow"/>.</param>
    /// <param name="slow">Period of the slow average.</param>
    /// <param name="signal">Period of the average of the line.</param>
    /// <param name="convention">How the fast average is seeded.</param>
    public Macd(int fast = 12, int slow = 26, int signal = 9, MacdConvention convention = MacdConvention.TaLib)
        : base(Definition, convention == MacdConvention.TaLib ? slow + signal - 2 : slow - 1)
    {
        _fast = Definition.Parameters[0].Checked(fast);
        _slow = Definition.Parameters[1].Checked(slow);
        _signal = Definition.Parameters[2].Checked(signal);
        _convention = Definition.Parameters[3].Checked(convention);
        Throw.IfNotLess("fast", fast, "slow", slow);
    }

    /// <summary>Writes line, signal and histogram of every bar, in price units; NaN before bar <c>slow + signal - 2</c>. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> close,
        int fast,
        int slow,
        int signal,
        Span<double> line,
        Span<double> signalLine,
        Span<double> histogram,
        MacdConvention convention = MacdConvention.TaLib) =>
        new Macd(fast, slow, signal, convention).Compute(close, new(line, signalLine, histogram));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_fast, _slow, _signal, _convention));

    unsafe struct Kernel<V>(int fast, int slow, int signal, MacdConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        // The fast average skips this many bars so that its seed ends where the slow seed ends.
        readonly int _skip = convention == MacdConvention.TaLib ? slow - fast : 0;
        readonly LaneArray<V> _columns = new(2 * Block.Length);
        ExponentialMean<V> _fast = ExponentialMean<V>.Standard(fast);
        ExponentialMean<V> _slow = ExponentialMean<V>.Standard(slow);
        ExponentialMean<V> _signal = ExponentialMean<V>.Standard(signal);
        int _skipped;

        public void Reset()
        {
            _fast.Reset();
            _slow.Reset();
            _signal.Reset();
            _skipped = 0;
        }

        public void Run(in Tile<V> tile, int from, int count)
        {
            var close = tile.Close + from;
            var fastMean = _columns.Start;
            var slowMean = _columns.Start + Block.Length;
            int first;
            if (_skipped < _skip)
            {
                var begin = Math.Min(count, _skip - _skipped);
                _skipped += begin;
                _fast.Run(close, fastMean, begin, count);
                first = _slow.Run(close, slowMean, 0, count);
            }
            else
            {
                first = ExponentialMean<V>.Run(ref _fast, ref _slow, close, fastMean, close, slowMean, 0, count);
            }

            // The line takes the place of the fast average.
            Difference(fastMean, slowMean, fastMean, first, count);
            var signalLine = tile.Out1 + from;
            var whole = _signal.Run(fastMean, signalLine, first, count);
            Difference(fastMean, signalLine, tile.Out2 + from, whole, count);
            Block.Copy(fastMean, tile.Out0 + from, convention == MacdConvention.TaLib ? whole : first, count);
            Block.FillNaN(signalLine, whole);
            Block.FillNaN(tile.Out2 + from, whole);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static void Difference(V* a, V* b, V* output, int first, int count)
        {
            for (var i = first; i < count; i++)
            {
                output[i] = a[i] - b[i];
            }
        }
    }
}
