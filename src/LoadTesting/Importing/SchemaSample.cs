using System.Text.Json.Nodes;

namespace Fettle.LoadTesting.Importing;

/// <summary>Finds an example for a schema, or makes a value that its type, range and format allow.</summary>
sealed class SchemaSample(JsonObject root)
{
    const int Deepest = 8;

    /// <summary>Follows <c>$ref</c> within the document; null when it leads nowhere or in a circle.</summary>
    public JsonNode? Resolve(JsonNode? node)
    {
        for (var hops = 0; hops < Deepest; hops++)
        {
            if (node is not JsonObject || (string?)(node["$ref"] as JsonValue) is not { } reference)
            {
                return node;
            }

            node = reference.StartsWith("#/", StringComparison.Ordinal)
                ? reference[2..].Split('/').Aggregate((JsonNode?)root, (n, part) => (n as JsonObject)?[part.Replace("~1", "/").Replace("~0", "~")])
                : null;
        }

        return null;
    }

    public string OfParameter(JsonObject parameter, out bool madeUp)
    {
        var value = Given(parameter) ?? Given(Resolve(parameter["schema"]));
        madeUp = value is null;
        value ??= Make(parameter["schema"], 0);
        return value is JsonValue v && v.TryGetValue<string>(out var text) ? text : value?.ToJsonString() ?? "";
    }

    public JsonNode? OfMedia(JsonObject media, out bool madeUp)
    {
        var value = Given(media) ?? Given(Resolve(media["schema"]));
        madeUp = value is null;
        return value ?? Make(media["schema"], 0);
    }

    JsonNode? Given(JsonNode? node)
    {
        if (node is not JsonObject holder)
        {
            return null;
        }

        return holder["example"] ?? (holder["examples"] switch
        {
            JsonObject named => named.Select(e => Resolve(e.Value)?["value"]).FirstOrDefault(v => v is not null),
            JsonArray list => list.FirstOrDefault(),
            _ => null,
        }) ?? holder["default"] ?? holder["const"] ?? (holder["enum"] as JsonArray)?.FirstOrDefault();
    }

    JsonNode? Make(JsonNode? schema, int depth)
    {
        if (Resolve(schema) is not JsonObject shape || depth > Deepest)
        {
            return null;
        }

        if (Given(shape) is { } given)
        {
            return given.DeepClone();
        }

        foreach (var key in new[] { "oneOf", "anyOf" })
        {
            if (shape[key] is JsonArray choices && choices.FirstOrDefault(c => !Is(Resolve(c), "null")) is { } choice)
            {
                return Make(choice, depth + 1);
            }
        }

        if (shape["allOf"] is JsonArray parts || shape["properties"] is JsonObject || Is(shape, "object"))
        {
            var whole = new JsonObject();
            foreach (var part in (shape["allOf"] as JsonArray ?? []).Select(Resolve).Append(shape).OfType<JsonObject>())
            {
                if (!ReferenceEquals(part, shape) && Make(part, depth + 1) is JsonObject inherited)
                {
                    foreach (var (key, value) in inherited)
                    {
                        whole[key] = value?.DeepClone();
                    }
                }

                foreach (var (key, property) in part["properties"] as JsonObject ?? [])
                {
                    whole[key] = Make(property, depth + 1)?.DeepClone();
                }
            }

            return whole;
        }

        if (Is(shape, "array"))
        {
            var count = Math.Clamp((int?)(shape["minItems"] as JsonValue) ?? 1, 1, 100);
            return new JsonArray([.. Enumerable.Range(0, count).Select(_ => Make(shape["items"], depth + 1)?.DeepClone())]);
        }

        return Scalar(shape);
    }

    static JsonNode? Scalar(JsonObject shape) => shape switch
    {
        _ when Is(shape, "integer") => (long)Math.Ceiling((double?)(shape["minimum"] as JsonValue) ?? Math.Min(1, (double?)(shape["maximum"] as JsonValue) ?? 1)),
        _ when Is(shape, "number") => (double?)(shape["minimum"] as JsonValue) ?? Math.Min(1, (double?)(shape["maximum"] as JsonValue) ?? 1),
        _ when Is(shape, "boolean") => true,
        _ when Is(shape, "string") => (string?)(shape["format"] as JsonValue) switch
        {
            "date" => "2025-01-31",
            "date-time" => "2025-01-31T12:00:00Z",
            "uuid" => "00000000-0000-4000-8000-000000000000",
            "email" => "someone@example.com",
            "uri" => "http://example.com/",
            _ => new string('x', Math.Clamp((int?)(shape["minLength"] as JsonValue) ?? 1, 1, 1000)),
        },
        _ => null,
    };

    /// <summary>The type is a word, or since OpenAPI 3.1 a list of words.</summary>
    static bool Is(JsonNode? shape, string type) => (shape as JsonObject)?["type"] switch
    {
        JsonValue one => one.TryGetValue<string>(out var word) && word == type,
        JsonArray list => list.Any(t => t is JsonValue v && v.TryGetValue<string>(out var word) && word == type),
        _ => false,
    };
}
