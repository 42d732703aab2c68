using System.Globalization;
using Fettle.Shared.Results;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Reports;

/// <summary>The table that people quote: metric, before, after, factor.</summary>
internal static class TotalTable
{
    public static ResultTable Of(ComparisonResult total, double baselineCapacity, AnswerReport answers, (ServiceCounters Before, ServiceCounters After)? counted = null)
    {
        var (before, after) = (total.Reference, total.Candidate);
        var rows = new List<string[]>
        {
            Less("latency p50, ms", before.P50, after.P50),
            Less("latency p95, ms", before.P95, after.P95),
        };
        if (before.P99 is not null || after.P99 is not null)
        {
            rows.Add(Less("latency p99, ms", before.P99, after.P99));
        }

        rows.Add(More("capacity, requests/s", before.Capacity, after.Capacity));
        rows.Add(Less("CPU per request, ms", before.CpuMs, after.CpuMs));
        rows.Add(Less("bytes on the wire per request", before.BytesPerRequest, after.BytesPerRequest));
        if (counted is { } c)
        {
            rows.AddRange(Counted(c.Before, c.After, before, after));
        }

        rows.Add(["failed requests", Count(before.Failed, before.AllRequests), Count(after.Failed, after.AllRequests), ""]);
        rows.Add(["answers compared/different", "", string.Create(CultureInfo.InvariantCulture, $"{answers.Compared}/{answers.Different}"), ""]);
        return new ResultTable(
            "Total, against an untouched baseline", ["metric", "before", "after", "factor"], rows,
            string.Create(CultureInfo.InvariantCulture, $"Latency of both sides at {total.Shape.Rate:0.#} requests/s ({Pace.LoadShare:0 %} of the baseline's {baselineCapacity:0.#}), capacity with {total.Shape.Users} users; {total.Rounds.Count} rounds in random order."));
    }

    /// <summary>What the services counted themselves; a row that neither side tells is left out.</summary>
    static IEnumerable<string[]> Counted(ServiceCounters before, ServiceCounters after, SideTotals reference, SideTotals candidate)
    {
        double? Each(double? sum, SideTotals side) => sum is { } s && side.AllRequests > 0 ? s / side.AllRequests : null;
        foreach (var (name, a, b) in new[]
        {
            ("database statements per request", Each(before.Queries, reference), Each(after.Queries, candidate)),
            ("time in the database per request, ms", Each(before.QueryMs, reference), Each(after.QueryMs, candidate)),
            ("a connection in use per request, ms", Each(1000 * before.PoolSeconds, reference), Each(1000 * after.PoolSeconds, candidate)),
        })
        {
            if (a is not null || b is not null)
            {
                yield return Less(name, a, b);
            }
        }

        string Rate(IReadOnlyDictionary<string, (long Hits, long Lookups)> caches, string category) =>
            caches.TryGetValue(category, out var c) && c.Lookups > 0 ? (100.0 * c.Hits / c.Lookups).ToString("0.0", CultureInfo.InvariantCulture) : "–";
        foreach (var category in before.Caches.Keys.Union(after.Caches.Keys).Order(StringComparer.Ordinal))
        {
            yield return [$"hit rate of {category}, %", Rate(before.Caches, category), Rate(after.Caches, category), ""];
        }
    }

    public static ResultTable Baseline(ComparisonResult calibration)
    {
        var side = calibration.Reference;
        return new ResultTable(
            "Baseline", ["metric", "value"],
            [
                ["latency p50, ms", Cells.Figure(side.P50)],
                ["latency p95, ms", Cells.Figure(side.P95)],
                ["latency p99, ms", Cells.Figure(side.P99)],
                ["capacity, requests/s", Cells.Figure(side.Capacity)],
                ["CPU per request, ms", Cells.Figure(side.CpuMs)],
                ["failed requests", Count(side.Failed, side.AllRequests)],
            ],
            string.Create(CultureInfo.InvariantCulture, $"Latency at {calibration.Shape.Rate:0.#} requests/s, capacity with {calibration.Shape.Users} users."));
    }

    static string[] Less(string name, double? before, double? after) =>
        [name, Cells.Figure(before), Cells.Figure(after), Cells.Less(before, after)];

    static string[] More(string name, double before, double after) =>
        [name, Cells.Figure(before), Cells.Figure(after), before > 0 ? Cells.Factor(after / before) : "–"];

    static string Count(long failed, long requests) => string.Create(CultureInfo.InvariantCulture, $"{failed} of {requests}");
}
