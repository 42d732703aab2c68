using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Fettle.Cli.Caches;

/// <summary>Renders <c>fettle.cache/1</c> as text.</summary>
internal static class CacheTable
{
    static readonly string[] Columns =
        ["category", "entries", "MiB", "hits", "misses", "hit %", "cold", "expired", "evicted", "invalid", "stale", "joined", "2nd hits", "2nd misses", "saved s", "2x memory"];

    public static string Render(JsonObject answer)
    {
        var rows = new List<string[]> { Columns };
        foreach (var category in answer["categories"] as JsonArray ?? [])
        {
            var misses = category!["misses"]!;
            var second = category["secondTier"]!;
            rows.Add(
            [
                (string)category["name"]!, Whole(category["entries"]), Number((double?)category["bytes"] / (1 << 20)), Whole(category["hits"]), Whole(misses["total"]),
                (double?)category["hitRatePercent"] is { } rate ? Number(rate) : "-",
                Whole(misses["cold"]), Whole(misses["expired"]), Whole(misses["evicted"]), Whole(misses["invalidated"]),
                Whole(category["staleServed"]), Whole(category["coalesced"]), Whole(second["hits"]), Whole(second["misses"]), Number((double?)category["savedMilliseconds"] / 1000),
                (double?)category["pointsOfTwiceTheMemory"] is { } points ? "+" + Number(points) : "-",
            ]);
        }

        var widths = Columns.Select((_, i) => rows.Max(r => r[i].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendLine(string.Join("  ", row.Select((c, i) => i == 0 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))).TrimEnd());
        }

        foreach (var category in answer["categories"] as JsonArray ?? [])
        {
            if (category!["firstMinute"] is JsonObject minute)
            {
                text.AppendLine(FirstMinute((string)category["name"]!, minute));
            }
        }

        text.AppendLine($"memory: {Number((double?)answer["bytes"] / (1 << 20))} of {Number((double?)answer["maxBytes"] / (1 << 20))} MiB");
        if (answer["secondTier"] is JsonObject tier)
        {
            var told = tier["tier"] as JsonObject;
            text.AppendLine($"second tier: {((bool?)tier["isUsable"] == true ? "in use" : "not in use")}, {Whole(tier["outages"])} outages, {Whole(tier["pendingInvalidations"])} invalidations pending"
                + (told is null ? "" : $", {Whole(told["keys"])} keys, {Number((double?)told["usedMemoryBytes"] / (1 << 20))} MiB at {(string?)told["endpoint"]}"));
        }

        return text.ToString();
    }

    /// <summary>The hit rate after a warming, beside that of the same requests without it.</summary>
    public static string FirstMinute(string category, JsonObject minute)
    {
        var seconds = (double?)minute["seconds"] ?? 0;
        return string.Create(CultureInfo.InvariantCulture, $"after warming {category}, first {(seconds >= 60 ? "minute" : $"{seconds:F0} s")}: ")
            + ((double?)minute["hitRatePercent"] is { } warmed
                ? $"{Number(warmed)} % hits of {Whole(minute["requests"])} requests, cold {Number((double?)minute["coldHitRatePercent"])} %, {Whole(minute["askedKeys"])} of {Whole(minute["warmedKeys"])} warmed keys asked for"
                : "no requests");
    }

    static string Whole(JsonNode? node) => ((long?)node)?.ToString(CultureInfo.InvariantCulture) ?? "-";

    static string Number(double? value) => value?.ToString("F2", CultureInfo.InvariantCulture) ?? "-";
}
