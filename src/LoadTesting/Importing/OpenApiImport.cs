using System.Text.Json.Nodes;

namespace Fettle.LoadTesting.Importing;

/// <summary>Reads OpenAPI 3 descriptions.</summary>
static class OpenApiImport
{
    static readonly string[] Reading = ["get", "head"];
    static readonly string[] Changing = ["post", "put", "patch", "delete"];

    public static ImportedScenario Read(string text, string name, bool allMethods)
    {
        var root = YamlJson.Parse(text);
        if (root["openapi"] is not JsonValue version || root["paths"] is not JsonObject paths)
        {
            throw new InvalidDataException("not an OpenAPI 3 description: 'openapi' and 'paths' are needed");
        }

        var notes = new List<string>();
        var (target, prefix) = Server(root);
        var samples = new SchemaSample(root);
        var requests = new List<ImportedRequest>();
        var left = 0;
        foreach (var (path, item) in paths)
        {
            foreach (var method in Reading.Concat(Changing))
            {
                if (samples.Resolve(item)?[method] is not JsonObject operation)
                {
                    continue;
                }

                if (!allMethods && Changing.Contains(method))
                {
                    left++;
                    continue;
                }

                requests.Add(Request(prefix + path, method.ToUpperInvariant(), operation, samples.Resolve(item)!["parameters"] as JsonArray, samples, notes));
            }
        }

        if (left > 0)
        {
            notes.Add($"{left} operations that change something are left out; --all-methods takes them in");
        }

        if (requests.Count == 0)
        {
            throw new InvalidDataException($"the description ({version}) has no operation to send{(left > 0 ? $": {left} change something (--all-methods takes them in)" : "")}");
        }

        var yaml = ScenarioWriter.Begin(name, target).Append("  operations:\n    rate: 5\n    duration: 30s\n    requests:\n");
        foreach (var request in requests)
        {
            ScenarioWriter.Request(yaml, request, "      ");
        }

        return new ImportedScenario(yaml.Append("thresholds:\n  http_req_failed: rate<0.01\n").ToString(), new Dictionary<string, string>(), notes);
    }

    static (Uri? Target, string Prefix) Server(JsonObject root)
    {
        var url = (string?)(root["servers"]?[0]?["url"] as JsonValue);
        return Uri.TryCreate(url, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https"
            ? (absolute, absolute.AbsolutePath.TrimEnd('/'))
            : (null, url is ['/', ..] ? url.TrimEnd('/') : "");
    }

    static ImportedRequest Request(string path, string method, JsonObject operation, JsonArray? shared, SchemaSample samples, List<string> notes)
    {
        var name = (string?)(operation["operationId"] as JsonValue) ?? $"{method} {path}";
        var query = new List<string>();
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var parameter in (operation["parameters"] as JsonArray ?? []).Concat(shared ?? []).Select(samples.Resolve).OfType<JsonObject>()
            .DistinctBy(p => ((string?)p["in"], (string?)p["name"])))
        {
            var (at, key) = ((string?)parameter["in"], (string?)parameter["name"] ?? "");
            if (at != "path" && (bool?)(parameter["required"] as JsonValue) != true)
            {
                continue;
            }

            var value = samples.OfParameter(parameter, out var madeUp);
            if (madeUp)
            {
                notes.Add($"{name}: the description has no example for the {at} parameter '{key}'; '{value}' is made up");
            }

            switch (at)
            {
                case "path":
                    path = path.Replace($"{{{key}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
                    break;
                case "query":
                    query.Add($"{Uri.EscapeDataString(key)}={Uri.EscapeDataString(value)}");
                    break;
                case "header":
                    headers.Add(new(key, value));
                    break;
            }
        }

        string? body = null;
        if (samples.Resolve(operation["requestBody"])?["content"] is JsonObject content && content.FirstOrDefault(c => c.Key.Contains("json", StringComparison.OrdinalIgnoreCase)) is { Value: JsonObject media } kind)
        {
            headers.Add(new("Content-Type", kind.Key));
            body = samples.OfMedia(media, out var madeUp)?.ToJsonString() ?? "null";
            if (madeUp)
            {
                notes.Add($"{name}: the description has no example for the body; it is made up from the schema");
            }
        }

        return new ImportedRequest(name, method, query.Count == 0 ? path : $"{path}?{string.Join('&', query)}") { Headers = headers, Body = body };
    }
}
