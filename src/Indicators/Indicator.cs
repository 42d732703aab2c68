using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators;

/// <summary>
/// An indicator with its parameters fixed. The same arithmetic serves one series, a stream of bars and a batch of stocks:
/// the three agree bit for bit, on every instruction set.
/// </summary>
/// <remarks>
/// Outputs are NaN until the warm-up is over. A bar that is NaN or infinite in a column that the indicator reads is a gap:
/// outputs are NaN there, and the indicator starts anew with the next bar, warm-up included, as though the series began there.
/// </remarks>
public abstract class Indicator
{
    KernelRunner<Lane1>? _idle;

    private protected Indicator(IndicatorDescriptor descriptor, int warmUp)
    {
        Descriptor = descriptor;
        WarmUp = warmUp;
    }

    /// <summary>Name, parameters, inputs and outputs.</summary>
    public IndicatorDescriptor Descriptor { get; }

    /// <summary>Bars at the start for which every output is NaN: the index of the first value.</summary>
    public int WarmUp { get; }

    /// <summary>A runner that reads the columns it asks the plan for; they must be made before it runs.</summary>
    internal abstract KernelRunner<V> CreateRunner<V>(ColumnPlan<V> plan)
        where V : unmanaged, ILanes<V>;

    /// <summary>A runner with columns of its own.</summary>
    internal KernelRunner<V> CreateRunner<V>()
        where V : unmanaged, ILanes<V>
    {
        var plan = new ColumnPlan<V>();
        var runner = plan.Add(this, 0);
        return plan.IsEmpty ? runner : new PlannedRunner<V>(plan, runner);
    }

    /// <summary>A bar from which a fresh run has the same bits at bar <paramref name="count"/> - 1 as a run from the first bar.</summary>
    internal virtual int TailStart(int count) => 0;

    /// <summary>A runner for one series: the one kept, unless another thread has it.</summary>
    internal KernelRunner<Lane1> Take() => Interlocked.Exchange(ref _idle, null) ?? CreateRunner<Lane1>();

    internal void GiveBack(KernelRunner<Lane1> runner) => Volatile.Write(ref _idle, runner);

    /// <summary>Computes every bar of one stock.</summary>
    /// <exception cref="ArgumentException">A column or an output has another length than the rest.</exception>
    public void Compute(in BarSeries bars, in SeriesOutputs outputs) => SeriesDriver.Run(this, bars, outputs);

    /// <summary>Computes an indicator that reads closes only.</summary>
    /// <exception cref="ArgumentException">An output has another length than <paramref name="close"/>, or the indicator reads more than closes.</exception>
    public void Compute(ReadOnlySpan<double> close, in SeriesOutputs outputs) => SeriesDriver.Run(this, new BarSeries { Close = close }, outputs);

    /// <summary>Starts a stream of bars.</summary>
    public IndicatorStream Stream() => new(this);
}
