namespace Fettle.Indicators.Batches;

/// <summary>What a batch reads and where it writes: whole rows, or each stock's last bar.</summary>
internal sealed record BatchTask(Indicator[] Indicators, BarMatrix Bars, int[] Counts, SeriesMatrix[]? Outputs, SeriesMatrix? Last);

/// <summary>One thread's kernels for a list of indicators, whatever the task.</summary>
internal abstract class BatchWorker
{
    /// <summary>Computes the tiles <paramref name="from"/> to <paramref name="to"/> (exclusive); what it wrote is visible to other threads on return.</summary>
    public abstract void Run(BatchTask task, int from, int to);
}
