using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.AspNetCore;

/// <summary>The list as <c>GET /fettle/switches</c> answers it and as a switches file holds it (docs/contracts.md).</summary>
internal sealed record SwitchList(string Schema, IReadOnlyList<SwitchState> Switches)
{
    public const string CurrentSchema = "fettle.switches/1";
}

/// <summary>One switch on the wire.</summary>
internal sealed record SwitchState(string Name, string Layer, string Description, bool On, SwitchRisk Risk, bool NeedsWarmup, DateTimeOffset ChangedAt)
{
    public static SwitchState Of(Switch source) => new(
        source.Definition.Name, source.Definition.Layer, source.Definition.Description, source.On,
        source.Definition.Risk, source.Definition.NeedsWarmup, source.ChangedAt);
}

/// <summary>The body of <c>PUT /fettle/switches/{name}</c>.</summary>
internal sealed record SwitchChange([property: JsonRequired] bool On);

/// <summary>A switches file: what a service starts with.</summary>
internal static class SwitchesFile
{
    /// <summary>Names that the file turns on.</summary>
    /// <exception cref="InvalidDataException">The file is not a <c>fettle.switches/1</c> document.</exception>
    public static IReadOnlySet<string> ReadOn(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != SwitchList.CurrentSchema)
            {
                throw new InvalidDataException($"switches file '{path}': schema must be '{SwitchList.CurrentSchema}'");
            }

            return root.GetProperty("switches").EnumerateArray()
                .Where(s => s.GetProperty("on").GetBoolean())
                .Select(s => s.GetProperty("name").GetString()!)
                .ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"switches file '{path}' is not a {SwitchList.CurrentSchema} document: {e.Message}", e);
        }
    }
}
