using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Databases;

/// <summary>One statement shape as the recorder saw it; the element of <c>fettle.queries/1</c>.</summary>
public sealed record RecordedQuery
{
    /// <summary>The shape: literals as <c>?</c>, value lists folded, comments gone. Statements are counted by it.</summary>
    public required string Sql { get; init; }

    /// <summary>A statement of the shape as it was sent, so that it can be explained; parameters stay parameters.</summary>
    public string Example { get; init; } = "";

    /// <summary>Times executed.</summary>
    public long Calls { get; init; }

    /// <summary>Rows read by the callers, all calls together.</summary>
    public long Rows { get; init; }

    /// <summary>Executions that ended with an error.</summary>
    public long Errors { get; init; }

    /// <summary>Total time in milliseconds, from sending to the reader's close.</summary>
    public double TotalMs { get; init; }

    /// <summary>Mean time in milliseconds.</summary>
    public double MeanMs { get; init; }

    /// <summary>Median in milliseconds (within 1.6 %).</summary>
    public double P50Ms { get; init; }

    /// <summary>95th percentile in milliseconds.</summary>
    public double P95Ms { get; init; }

    /// <summary>99th percentile in milliseconds.</summary>
    public double P99Ms { get; init; }

    /// <summary>Longest call in milliseconds.</summary>
    public double MaxMs { get; init; }

    /// <summary>Histogram: upper bounds in milliseconds, ascending.</summary>
    public IReadOnlyList<double> HistogramUpperMs { get; init; } = [];

    /// <summary>Histogram: how many calls fell in each bucket.</summary>
    public IReadOnlyList<long> HistogramCounts { get; init; } = [];

    /// <summary>Tables the statement reads or writes.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>Whether the statement writes.</summary>
    public bool Writes { get; init; }

    /// <summary>Who called it: endpoint name and calls, most calls first.</summary>
    public IReadOnlyList<RecordedEndpoint> Endpoints { get; init; } = [];

    /// <summary>Sampled parameter sets: name to value; a reservoir over all calls.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, JsonElement>> Samples { get; init; } = [];
}

/// <summary>One caller of a statement.</summary>
/// <param name="Name">The endpoint as named by <see cref="QueryRecorder.BeginEndpoint"/>.</param>
/// <param name="Calls">Calls of the statement from it.</param>
/// <param name="Requests">Requests of the endpoint that ran the statement.</param>
/// <param name="MostPerRequest">Most calls of the statement in one request; many mean an N+1 loop.</param>
public sealed record RecordedEndpoint(string Name, long Calls, long Requests, int MostPerRequest);

/// <summary>The document <c>fettle.queries/1</c> that a service serves and that the advisor reads.</summary>
public sealed record RecordedQueryDocument
{
    /// <summary>The name of this version of the document.</summary>
    public const string CurrentSchema = "fettle.queries/1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The shapes, most total time first.</summary>
    public IReadOnlyList<RecordedQuery> Queries { get; init; } = [];

    /// <summary>The document as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RecordedQueryJson.Default.RecordedQueryDocument);

    /// <summary>Reads a document.</summary>
    /// <exception cref="FormatException">The text is not a document of this version.</exception>
    public static RecordedQueryDocument Parse(string json)
    {
        RecordedQueryDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, RecordedQueryJson.Default.RecordedQueryDocument);
        }
        catch (JsonException e)
        {
            throw new FormatException($"not a {CurrentSchema} document: {e.Message}", e);
        }

        return document is { Schema: CurrentSchema }
            ? document
            : throw new FormatException($"schema '{document?.Schema}' is not known; this version reads '{CurrentSchema}'");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false)]
[JsonSerializable(typeof(RecordedQueryDocument))]
[JsonSerializable(typeof(RecordedQuery))]
internal sealed partial class RecordedQueryJson : JsonSerializerContext;
