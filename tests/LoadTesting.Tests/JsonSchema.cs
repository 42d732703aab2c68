using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Fettle.LoadTesting.Tests;

/// <summary>The part of JSON Schema that deploy/schemas uses; a keyword it does not know is an exception, never ignored.</summary>
sealed class JsonSchema(JsonObject root)
{
    public static JsonSchema Load(string name) => new(JsonNode.Parse(File.ReadAllText(Fettle.Testing.Programs.RepositoryFile(Path.Combine("deploy/schemas", name))))!.AsObject());

    public IReadOnlyList<string> Mistakes(JsonNode? value)
    {
        var mistakes = new List<string>();
        Check(root, value, "$", mistakes);
        return mistakes;
    }

    void Check(JsonNode? schema, JsonNode? value, string at, List<string> mistakes)
    {
        if (schema is JsonValue always)
        {
            if (!always.GetValue<bool>())
            {
                mistakes.Add($"{at} is not allowed");
            }

            return;
        }

        var members = value as JsonObject;
        var number = value is JsonValue v && v.TryGetValue<double>(out var n) ? n : double.NaN;
        var text = value is JsonValue t && t.TryGetValue<string>(out var s) ? s : null;
        foreach (var (keyword, rule) in schema!.AsObject())
        {
            var right = keyword switch
            {
                "$schema" or "title" or "description" or "$defs" => true,
                "$ref" => All(() => Check(rule!.GetValue<string>().Split('/').Skip(1).Aggregate((JsonNode)root, (node, part) => node[part]!), value, at, mistakes)),
                "type" => (rule is JsonArray types ? types : [rule!.DeepClone()]).Any(one => Is(one!.GetValue<string>(), value, number, text)),
                "const" => JsonNode.DeepEquals(rule, value),
                "enum" => rule!.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
                "minimum" => double.IsNaN(number) || number >= rule!.GetValue<double>(),
                "maximum" => double.IsNaN(number) || number <= rule!.GetValue<double>(),
                "exclusiveMinimum" => double.IsNaN(number) || number > rule!.GetValue<double>(),
                "pattern" => text is null || Regex.IsMatch(text, rule!.GetValue<string>()),
                "required" => members is null || rule!.AsArray().All(name => members.ContainsKey(name!.GetValue<string>())),
                "minProperties" => members is null || members.Count >= rule!.GetValue<int>(),
                "maxProperties" => members is null || members.Count <= rule!.GetValue<int>(),
                "minItems" => value is not JsonArray few || few.Count >= rule!.GetValue<int>(),
                "items" => value is not JsonArray list || All(() =>
                {
                    for (var i = 0; i < list.Count; i++)
                    {
                        Check(rule, list[i], $"{at}[{i}]", mistakes);
                    }
                }),
                "properties" => members is null || All(() =>
                {
                    foreach (var (name, inner) in members.Where(m => rule!.AsObject().ContainsKey(m.Key)))
                    {
                        Check(rule![name], inner, $"{at}.{name}", mistakes);
                    }
                }),
                "additionalProperties" => members is null || All(() =>
                {
                    foreach (var (name, inner) in members.Where(m => schema["properties"] is not JsonObject known || !known.ContainsKey(m.Key)))
                    {
                        Check(rule, inner, $"{at}.{name}", mistakes);
                    }
                }),
                "anyOf" => rule!.AsArray().Any(one =>
                {
                    var inner = new List<string>();
                    Check(one, value, at, inner);
                    return inner.Count == 0;
                }),
                _ => throw new NotSupportedException($"keyword {keyword}"),
            };
            if (!right)
            {
                mistakes.Add($"{at}: {keyword} {rule?.ToJsonString()}");
            }
        }
    }

    static bool All(Action check)
    {
        check();
        return true;
    }

    static bool Is(string type, JsonNode? value, double number, string? text) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => text is not null,
        "number" => !double.IsNaN(number),
        "integer" => number == Math.Floor(number),
        "boolean" => value is JsonValue v && v.TryGetValue<bool>(out _),
        _ => throw new NotSupportedException($"type {type}"),
    };
}
