using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Importing;

/// <summary>Reads JSON, or YAML as JSON (YAML 1.2 core schema: plain numbers, true, false and null have their type).</summary>
static class YamlJson
{
    const int Deepest = 200;

    public static JsonObject Parse(string text)
    {
        try
        {
            if (text.AsSpan().TrimStart().StartsWith("{"))
            {
                return JsonNode.Parse(text) as JsonObject ?? throw new InvalidDataException("the document is not a mapping");
            }

            // Through the text, so that numbers convert to whatever type is asked for.
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents is [var first, ..] && Convert(first.RootNode, 0) is JsonObject root ? (JsonObject)JsonNode.Parse(root.ToJsonString())! : throw new InvalidDataException("the document is not a mapping");
        }
        catch (Exception e) when (e is JsonException or YamlException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new InvalidDataException($"neither JSON nor YAML: {e.Message}", e);
        }
    }

    static JsonNode? Convert(YamlNode node, int depth) => depth > Deepest ? throw new InvalidDataException("the document is nested too deeply") : node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Where(c => c.Key is YamlScalarNode).DistinctBy(c => ((YamlScalarNode)c.Key).Value).Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value ?? "", Convert(c.Value, depth + 1)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(c => Convert(c, depth + 1))]),
        YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any } plain => Plain(plain.Value ?? ""),
        YamlScalarNode scalar => scalar.Value,
        _ => null,
    };

    static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => true,
        "false" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => text,
    };
}
