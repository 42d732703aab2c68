using System.Globalization;
using System.Text;
using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Importing;

/// <summary>One request that an import found.</summary>
sealed record ImportedRequest(string Name, string Method, string Path)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public string? Body { get; init; }

    public int? Expect { get; init; }

    public TimeSpan Think { get; init; }
}

/// <summary>Writes requests as the YAML of a scenario file; every text is quoted, so nothing in it can be taken for YAML or for a value.</summary>
static class ScenarioWriter
{
    public static StringBuilder Begin(string name, Uri? target)
    {
        var yaml = new StringBuilder($"schema: {ScenarioReader.Schema}\nname: {YamlText.Quote(name)}\n");
        if (target is not null)
        {
            yaml.Append($"target: {YamlText.Quote(target.GetLeftPart(UriPartial.Authority))}\n");
        }

        return yaml.Append("scenarios:\n");
    }

    public static void Request(StringBuilder yaml, ImportedRequest request, string indent)
    {
        yaml.Append($"{indent}- name: {YamlText.Quote(request.Name)}\n{indent}  method: {request.Method}\n{indent}  path: {Text(request.Path)}\n");
        if (request.Headers.Count > 0)
        {
            yaml.Append($"{indent}  headers:\n");
            foreach (var (key, value) in request.Headers)
            {
                yaml.Append($"{indent}    {YamlText.Quote(key)}: {Text(value)}\n");
            }
        }

        if (request.Body is { } body)
        {
            yaml.Append($"{indent}  body: {Text(body)}\n");
        }

        if (request.Expect is { } expect)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"{indent}  expect: {expect}\n");
        }

        if (request.Think > TimeSpan.Zero)
        {
            yaml.Append($"{indent}  think: {DurationText.Write(request.Think)}\n");
        }
    }

    static string Text(string text) => YamlText.Quote(YamlText.Literal(text));
}
