using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.AspNetCore;

/// <summary>The list as <c>GET /fettle/switches</c> answers it and as a switches file holds it (docs/contracts.md).</summary>
internal sealed record SwitchList(string Schema, IReadOnlyList<SwitchState> Switches)
{
    public const string CurrentSchema = "fettle.switches/1";
}

/// <summary>One switch on the wire; what it does not declare is absent.</summary>
internal sealed record SwitchState(string Name, string Layer, string Description, bool On, SwitchRisk Risk, bool NeedsWarmup, DateTimeOffset ChangedAt, IReadOnlyList<string>? Saves, double? Tolerance)
{
    public static SwitchState Of(Switch source) => new(
        source.Definition.Name, source.Definition.Layer, source.Definition.Description, source.On,
        source.Definition.Risk, source.Definition.NeedsWarmup, source.ChangedAt,
        source.Definition.Saves is { Count: > 0 } saves ? saves : null, source.Definition.Tolerance is > 0 and var tolerance ? tolerance : null);
}

/// <summary>The body of <c>PUT /fettle/switches/{name}</c>.</summary>
internal sealed record SwitchChange([property: JsonRequired] bool On);

/// <summary>A switches file: what a service starts with.</summary>
internal static class SwitchesFile
{
    /// <summary>The switches that the file names, and whether they are on.</summary>
    /// <exception cref="InvalidDataException">The file is not a <c>fettle.switches/1</c> document.</exception>
    public static IReadOnlyDictionary<string, bool> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != SwitchList.CurrentSchema)
            {
                throw new InvalidDataException($"switches file '{path}': schema must be '{SwitchList.CurrentSchema}'");
            }

            var named = new Dictionary<string, bool>(StringComparer.Ordinal);
            foreach (var one in root.GetProperty("switches").EnumerateArray())
            {
                named[one.GetProperty("name").GetString() ?? throw new JsonException("a switch has the name null")] = one.GetProperty("on").GetBoolean();
            }

            return named;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"switches file '{path}' is not a {SwitchList.CurrentSchema} document: {e.Message}", e);
        }
    }
}
