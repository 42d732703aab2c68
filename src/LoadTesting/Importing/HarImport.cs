using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fettle.LoadTesting.Importing;

/// <summary>Reads HTTP archives (HAR 1.2).</summary>
static class HarImport
{
    /// <summary>A longer pause is a clock that was set, or a recording that was put together.</summary>
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>Headers that belong to the recorded connection or to the browser's cache, not to the request.</summary>
    static readonly string[] LeftOut =
    [
        "host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "cookie", "accept-encoding",
        "if-none-match", "if-modified-since", "proxy-connection", "http2-settings",
    ];

    public static ImportedScenario Read(string text, string name)
    {
        var entries = Entries(text);
        var notes = new List<string>();
        var first = entries.Select(e => Url(e)).FirstOrDefault(u => u is not null) ?? throw new InvalidDataException("the archive holds no request with a URL");
        var origin = first.GetLeftPart(UriPartial.Authority);
        var kept = entries.Where(e => Url(e)?.GetLeftPart(UriPartial.Authority) == origin && Methods.Contains((string?)e["request"]!["method"])).OrderBy(Start).ToArray();
        if (kept.Length < entries.Count)
        {
            notes.Add($"{entries.Count - kept.Length} of {entries.Count} requests go to other hosts than {origin}, or have a method that is not sent; they are left out");
        }

        var yaml = ScenarioWriter.Begin(name, first);
        yaml.Append("  recorded:\n    users: 1\n    duration: 30s\n    cookies: true\n    requests:\n      - steps:\n");
        for (var i = 0; i < kept.Length; i++)
        {
            var next = i + 1 < kept.Length ? Start(kept[i + 1]) - Start(kept[i]) - TimeSpan.FromMilliseconds(Math.Clamp((double?)kept[i]["time"] ?? 0, 0, 3.6e6)) : TimeSpan.Zero;
            next = next > Longest ? TimeSpan.Zero : next;
            ScenarioWriter.Request(yaml, Request(kept[i], next > TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(Math.Round(next.TotalMilliseconds)) : TimeSpan.Zero), "          ");
        }

        return new ImportedScenario(yaml.ToString(), new Dictionary<string, string>(), notes);
    }

    static IReadOnlyList<JsonNode> Entries(string text)
    {
        try
        {
            if (JsonNode.Parse(text)?["log"]?["entries"] is JsonArray entries)
            {
                return [.. entries.Where(e => e?["request"] is JsonObject).Select(e => e!)];
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"not an HTTP archive: {e.Message}", e);
        }

        throw new InvalidDataException("not an HTTP archive: there is no log.entries");
    }

    static ImportedRequest Request(JsonNode entry, TimeSpan think)
    {
        var request = entry["request"]!;
        var url = Url(entry)!;
        var status = (int?)(entry["response"]?["status"] as JsonValue) ?? 0;
        return new ImportedRequest($"{(string)request["method"]!} {url.AbsolutePath}", (string)request["method"]!, url.PathAndQuery)
        {
            Headers = [.. (request["headers"] as JsonArray ?? []).Select(h => KeyValuePair.Create((string?)h?["name"] ?? "", ((string?)h?["value"] ?? "").ReplaceLineEndings(" ")))
                .Where(h => h.Key.Length > 0 && h.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && !LeftOut.Contains(h.Key.ToLowerInvariant()))
                .DistinctBy(h => h.Key.ToLowerInvariant())],
            Body = (string?)(request["postData"]?["text"] as JsonValue),
            // A recorded 304 was an answer to the browser's cache, which a load test does not have.
            Expect = status is >= 100 and (< 200 or > 299) and not 304 ? status : null,
            Think = think,
        };
    }

    static Uri? Url(JsonNode entry) =>
        Uri.TryCreate((string?)(entry["request"]!["url"] as JsonValue), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;

    static DateTimeOffset Start(JsonNode entry) =>
        DateTimeOffset.TryParse((string?)(entry["startedDateTime"] as JsonValue), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start) ? start : DateTimeOffset.MinValue;
}
