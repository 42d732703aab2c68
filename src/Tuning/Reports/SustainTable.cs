using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Reports;

/// <summary>The tuned service under a load of its own.</summary>
internal static class SustainTable
{
    public static ResultTable Of(double rate, LoadResult load, ServiceCounters counted)
    {
        List<string[]> rows =
        [
            ["latency p50, ms", Cells.Figure(load.Latency.MillisecondsAt(50))],
            ["latency p95, ms", Cells.Figure(load.Latency.MillisecondsAt(95))],
            ["latency p99, ms", Cells.Figure(load.Latency.MillisecondsAt(99))],
            ["failed requests", string.Create(CultureInfo.InvariantCulture, $"{load.Failed} of {load.Requests}")],
        ];
        if (counted.Queries is { } queries && load.Requests > 0)
        {
            rows.Add(["database statements per request", Cells.Figure(queries / load.Requests)]);
        }

        rows.AddRange(counted.Caches.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new[] { $"hit rate of {c.Key}, %", Cells.Figure(100.0 * c.Value.Hits / c.Value.Lookups) }));
        return new ResultTable(
            string.Create(CultureInfo.InvariantCulture, $"The tuned service at {rate:0} requests/s"), ["metric", "value"], rows,
            load.Generator.Limited ? "The generator was the limit: these latencies describe it, not the service." : null);
    }

    public static JsonObject Json(double rate, LoadResult load, ServiceCounters counted) => new()
    {
        ["ratePerSecond"] = TrialJson.Round(rate),
        ["requests"] = load.Requests,
        ["failed"] = load.Failed,
        ["p50Ms"] = TrialJson.Round(load.Latency.MillisecondsAt(50)),
        ["p95Ms"] = TrialJson.Round(load.Latency.MillisecondsAt(95)),
        ["p99Ms"] = TrialJson.Round(load.Latency.MillisecondsAt(99)),
        ["generatorLimited"] = load.Generator.Limited,
        ["queries"] = counted.Queries,
        ["caches"] = new JsonObject(counted.Caches.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)new JsonObject { ["hits"] = c.Value.Hits, ["lookups"] = c.Value.Lookups }))),
    };
}
