using System.Globalization;
using System.Text.Json;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>The part of JSONPath (RFC 9535) that names one value: <c>$.items[0].id</c>, <c>$['a b']</c>, negative indexes from the end.</summary>
static class JsonPath
{
    /// <summary>What is wrong with the path, or null.</summary>
    public static string? Fault(string path) => Split(path) is null ? $"'{path}' is not a path such as $.items[0].id" : null;

    /// <summary>The value as text (JSON for objects and lists), or null when there is none.</summary>
    public static string? Find(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var value = document.RootElement;
            foreach (var step in Split(path) ?? [])
            {
                if (step is string name && value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member))
                {
                    value = member;
                }
                else if (step is int index && value.ValueKind == JsonValueKind.Array && Math.Abs((long)index) <= value.GetArrayLength() && (index < 0 ? index + value.GetArrayLength() : index) is var at && at < value.GetArrayLength())
                {
                    value = value[at];
                }
                else
                {
                    return null;
                }
            }

            return value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Null => null, _ => value.GetRawText() };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static List<object>? Split(string path)
    {
        if (!path.StartsWith('$'))
        {
            return null;
        }

        var steps = new List<object>();
        for (var i = 1; i < path.Length;)
        {
            if (path[i] == '.')
            {
                var end = path.AsSpan(i + 1).IndexOfAny('.', '[') is >= 0 and var length ? i + 1 + length : path.Length;
                if (end == i + 1)
                {
                    return null;
                }

                steps.Add(path[(i + 1)..end]);
                i = end;
            }
            else if (path[i] == '[' && path.IndexOf(']', i) is > 0 and var close)
            {
                var inner = path[(i + 1)..close];
                if (inner is ['\'', .., '\''] or ['"', .., '"'] && inner.Length >= 2)
                {
                    steps.Add(inner[1..^1]);
                }
                else if (int.TryParse(inner, CultureInfo.InvariantCulture, out var index))
                {
                    steps.Add(index);
                }
                else
                {
                    return null;
                }

                i = close + 1;
            }
            else
            {
                return null;
            }
        }

        return steps;
    }
}
