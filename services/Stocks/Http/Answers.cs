using System.Text.Json.Serialization;

namespace Fettle.Services.Stocks.Http;

/// <summary>One prediction as it goes over the wire.</summary>
internal sealed record PredictionAnswer
{
    public required string BseCode { get; init; }

    public required string? NseSymbol { get; init; }

    public required string PredictionDate { get; init; }

    public required int PredictedLabel { get; init; }

    public required double Probability { get; init; }

    public required string Confidence { get; init; }

    public required string ModelVersion { get; init; }

    public required DateTimeOffset PredictionTimestamp { get; init; }

    /// <summary>By name; null for an input that is missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, double?>? Features { get; init; }

    /// <summary>TreeSHAP values by feature; with the base value they sum to the margin.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ContributionsAnswer? Contributions { get; init; }
}

internal sealed record ContributionsAnswer(double BaseValue, double Margin, Dictionary<string, double> Values);

/// <summary>A batch item that could not be predicted.</summary>
internal sealed record BatchItemError(string? BseCode, string? NseSymbol, string? PredictionDate, ItemProblem Error);

internal sealed record ItemProblem(string Type, string Title, int Status, string Detail);

internal sealed record HealthAnswer(
    string Status, string? ModelVersion, string? ModelType, double UptimeSeconds, long Requests, long Errors, double ErrorRate, string Database);

internal sealed record ModelsAnswer(string Name, string? Active, string? Previous, IReadOnlyList<ModelAnswer> Versions);

internal sealed record ModelAnswer(
    string Version, string Type, bool Active, DateTimeOffset CreatedAt, long Bytes, string Sha256, IReadOnlyDictionary<string, double> Metrics);

internal sealed record ModelChangeAnswer(string? Active, bool Changed);

internal sealed record CacheClearAnswer(string Type, IReadOnlyDictionary<string, CacheTierCounts> Cleared);

/// <summary>Entries that went; null for a second tier, where clearing is one step however many there are and nobody counts them.</summary>
internal sealed record CacheTierCounts(long Memory, long? SecondTier);

internal sealed record BatchRunAnswer(
    string RunId, string Date, string ModelVersion, string Status, int Total, int Scored, int Skipped, double StocksPerSecond,
    string StartedAt, string? FinishedAt, string? Csv, string? Error, IReadOnlyDictionary<string, int> SkippedByReason);
