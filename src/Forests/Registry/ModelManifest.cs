using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Forests;

/// <summary>What a version folder says about its model: <c>manifest.json</c>, schema <c>fettle.model/1</c>.</summary>
public sealed record ModelManifest
{
    /// <summary>Always <c>fettle.model/1</c>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The model's name: the folder above the version.</summary>
    public required string Name { get; init; }

    /// <summary>The version: the folder's name.</summary>
    public required string Version { get; init; }

    /// <summary>The model's type in words, such as <c>XgboostJson binary:logistic</c>.</summary>
    public required string Type { get; init; }

    /// <summary>SHA-256 of the model file, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the model file in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>When the version was added.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Features in order; empty when the file has no names.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Figures of the training report, such as <c>auc</c>; their meaning is the publisher's.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    internal const string CurrentSchema = "fettle.model/1";

    internal string ToJson() => JsonSerializer.Serialize(this, ManifestJson.Default.ModelManifest);

    internal static ModelManifest Read(string path)
    {
        ModelManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(File.ReadAllBytes(path), ManifestJson.Default.ModelManifest);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"not a manifest: {e.Message}", path, $"line {(e.LineNumber ?? 0) + 1}", e);
        }

        return manifest is { Schema: CurrentSchema }
            ? manifest
            : throw new ModelFormatException($"the schema is '{manifest?.Schema}'; '{CurrentSchema}' is needed", path, "schema");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
