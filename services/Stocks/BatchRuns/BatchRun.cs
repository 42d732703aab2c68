namespace Fettle.Services.Stocks.BatchRuns;

/// <summary>One row of <c>batch_runs</c>. Statuses: queued, running, completed, failed.</summary>
internal sealed record BatchRun
{
    public const string Queued = "queued";
    public const string Running = "running";
    public const string Completed = "completed";
    public const string Failed = "failed";

    public required string RunId { get; init; }

    public required DateOnly Date { get; init; }

    public required string ModelVersion { get; init; }

    /// <summary>The codes asked for, ascending; null for every active stock.</summary>
    public IReadOnlyList<string>? Codes { get; init; }

    public required string Status { get; init; }

    public int Total { get; init; }

    public int Scored { get; init; }

    public int Skipped { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public string? CsvPath { get; init; }

    public string? Error { get; init; }
}

/// <summary>A stock that a run could not score, and why.</summary>
internal sealed record SkippedStock(string BseCode, string Reason, string Detail);

/// <summary>What a finished run is told with.</summary>
internal sealed record BatchRunReport
{
    public required BatchRun Run { get; init; }

    /// <summary>True when this continued a run that was cut off.</summary>
    public required bool Resumed { get; init; }

    /// <summary>Stocks that were already scored when this process took the run.</summary>
    public required int ScoredBefore { get; init; }

    public required IReadOnlyDictionary<string, int> SkippedByReason { get; init; }

    public required IReadOnlyList<RankedPrediction> Top { get; init; }

    public required TimeSpan Loading { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required double CpuSeconds { get; init; }

    public required long PeakMemoryBytes { get; init; }

    public double StocksPerSecond => Elapsed > TimeSpan.Zero ? (Run.Scored + Run.Skipped - ScoredBefore) / Elapsed.TotalSeconds : 0;
}

internal sealed record RankedPrediction(string BseCode, string? NseSymbol, string CompanyName, string? Industry, double Probability, string Confidence);
