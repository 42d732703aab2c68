using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Fettle.Shared.Results;

/// <summary>
/// The <c>fettle.result/1</c> document: what every bench, load, db, model, features and tune run writes,
/// and the only input of every rendered report. Fields are described in docs/contracts.md.
/// </summary>
internal sealed class ResultDocument
{
    public const string CurrentSchema = "fettle.result/1";

    public string Schema { get; init; } = CurrentSchema;

    /// <summary>What ran: <c>tune</c>, <c>load</c>, <c>capacity</c>, <c>bench</c>, <c>model</c>, <c>features</c>, <c>db</c>.</summary>
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public double DurationSeconds { get; set; }

    public required MachineInfo Machine { get; init; }

    public required SourceInfo Source { get; init; }

    public required string[] Command { get; init; }

    public JsonObject Settings { get; init; } = [];

    /// <summary>What disturbed the run: load average at start and end, steal, A/A noise floor.</summary>
    public JsonObject Noise { get; init; } = [];

    public List<ResultTable> Tables { get; init; } = [];

    public Dictionary<string, ResultHistogram> Histograms { get; init; } = [];

    public List<ResultVerdict> Verdicts { get; init; } = [];

    /// <summary>What is particular to the kind; its shape is described with the kind.</summary>
    public JsonObject Data { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, ResultJson.Default.ResultDocument);

    /// <exception cref="InvalidDataException">The text is not a result document of this version.</exception>
    public static ResultDocument Parse(string json)
    {
        ResultDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, ResultJson.Default.ResultDocument);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not a result document: {e.Message}", e);
        }

        if (document is null || document.Schema != CurrentSchema)
        {
            throw new InvalidDataException($"schema '{document?.Schema}' is not known; this version reads '{CurrentSchema}'");
        }

        return document;
    }

    /// <summary>Writes beside the target and renames, so that a reader never sees half a file.</summary>
    public void Save(string path)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = full + ".tmp";
        File.WriteAllText(temporary, ToJson() + "\n");
        File.Move(temporary, full, overwrite: true);
    }
}

/// <summary>The machine that produced the figures.</summary>
internal sealed record MachineInfo(string Processor, int Cores, double MemoryGiB, string OperatingSystem, string Runtime);

/// <summary>The commit that produced the figures; <c>Clean</c> is false when the tree had changes.</summary>
internal sealed record SourceInfo(string Commit, bool Clean);

/// <summary>A table as a person reads it: one header per column, cells already in the units the header names.</summary>
internal sealed record ResultTable(string Title, string[] Columns, List<string[]> Rows, string? Note = null);

/// <summary>A sparse histogram: upper bounds of the buckets in <c>Unit</c>, and how many values fell in each.</summary>
internal sealed record ResultHistogram(string Unit, double[] UpperBounds, long[] Counts);

/// <summary><c>Verdict</c>: kept, rolled back, inconclusive, passed, failed, generator-limited.</summary>
internal sealed record ResultVerdict(string Subject, string Verdict, string Reason);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ResultDocument))]
internal sealed partial class ResultJson : JsonSerializerContext;
