using System.Runtime.CompilerServices;
using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>What on-balance volume starts with; the two differ by the first volume throughout.</summary>
public enum ObvConvention
{
    /// <summary>The volume of the first bar.</summary>
    TaLib,

    /// <summary>0, as in Granville's book and Stock.Indicators.</summary>
    Zero,
}

/// <summary>On-balance volume (Joseph Granville, 1963): volume added on rising closes and subtracted on falling ones. Whole volumes are summed exactly up to 2⁵³.</summary>
public sealed class Obv : Indicator
{
    /// <summary>Catalogue entry.</summary>
    public static IndicatorDescriptor Definition { get; } = new(
        "obv",
        "On-balance volume",
        BarFields.Close | BarFields.Volume,
        [ParameterDescriptor.Convention(ObvConvention.TaLib)],
        ["obv"],
        p => new Obv((ObvConvention)(int)p[0]));

    readonly ObvConvention _convention;

    /// <param name="convention">What the first bar counts.</param>
    public Obv(ObvConvention convention = ObvConvention.TaLib)
        : base(Definition, 0)
    {
        _convention = Definition.Parameters[0].Checked(convention);
    }

    /// <summary>Writes every bar, in shares. An empty span skips its output.</summary>
    public static void Series(
        ReadOnlySpan<double> close,
        ReadOnlySpan<double> volume,
        Span<double> obv,
        ObvConvention convention = ObvConvention.TaLib) =>
        new Obv(convention).Compute(new BarSeries { Close = close, Volume = volume }, new(obv));

    internal override KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan) => new KernelRunner<Kernel<V>, V>(new(_convention));

    unsafe struct Kernel<V>(ObvConvention convention) : IKernel<V>
        where V : unmanaged, ILanes<V>
    {
        V _previous;
        V _total;
        bool _started;

        public void Reset() => _started = false;

        public void Run(in Tile<V> tile, int from, int count)
        {
            if (!_started)
            {
                // The first bar moves nothing: its close is its own predecessor.
                _started = true;
                _previous = tile.Close[from];
                _total = convention == ObvConvention.TaLib ? tile.Volume[from] : V.Create(0);
            }

            Sum(tile.Close + from, tile.Volume + from, tile.Out0 + from, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        void Sum(V* closes, V* volumes, V* output, int count)
        {
            var previous = _previous;
            var total = _total;
            var zero = V.Create(0);
            for (var i = 0; i < count; i++)
            {
                var close = closes[i];
                var volume = volumes[i];
                total += V.IfLess(previous, close, volume, V.IfLess(close, previous, zero - volume, zero));
                previous = close;
                output[i] = total;
            }

            _previous = previous;
            _total = total;
        }
    }
}
