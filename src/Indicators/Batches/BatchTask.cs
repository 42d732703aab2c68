namespace Fettle.Indicators.Batches;

/// <summary>What a batch reads and where it writes: whole rows, or each stock's last bar.</summary>
internal sealed record BatchTask(Indicator[] Indicators, BarMatrix Bars, int[] Counts, SeriesMatrix[]? Outputs, SeriesMatrix? Last);
