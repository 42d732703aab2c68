using System.Text.Json;

namespace Fettle.Databases.Plans;

/// <summary>Turns EXPLAIN (FORMAT JSON) into nodes.</summary>
internal static class PostgresPlanReader
{
    /// <param name="json">The one value that EXPLAIN returns.</param>
    /// <param name="names">Names for supposed indexes by the engine's own; null leaves them.</param>
    public static (PlanNode Root, double Cost) Read(string json, IReadOnlyDictionary<string, string>? names = null)
    {
        using var document = JsonDocument.Parse(json);
        var plan = document.RootElement[0].GetProperty("Plan");
        return (Node(plan, names), plan.GetProperty("Total Cost").GetDouble());
    }

    static PlanNode Node(JsonElement e, IReadOnlyDictionary<string, string>? names)
    {
        var type = e.GetProperty("Node Type").GetString()!;
        var index = Text(e, "Index Name");
        if (index is not null && names is not null && names.TryGetValue(index, out var known))
        {
            index = known;
        }

        var table = Text(e, "Relation Name");
        var condition = Text(e, "Index Cond") ?? Text(e, "Recheck Cond") ?? Text(e, "Hash Cond") ?? Text(e, "Merge Cond");
        var kind = type switch
        {
            "Seq Scan" or "Sample Scan" or "Function Scan" or "CTE Scan" or "Values Scan" or "Subquery Scan" => PlanNodeKind.Scan,
            "Index Scan" or "Index Only Scan" or "Bitmap Index Scan" => condition is null ? PlanNodeKind.Scan : PlanNodeKind.Seek,
            "Bitmap Heap Scan" or "Tid Scan" => PlanNodeKind.Seek,
            "Sort" or "Incremental Sort" => PlanNodeKind.Sort,
            "Nested Loop" or "Hash Join" or "Merge Join" => PlanNodeKind.Join,
            "Aggregate" or "Group" or "WindowAgg" or "Unique" => PlanNodeKind.Aggregate,
            "Materialize" or "Memoize" or "Hash" => PlanNodeKind.Temporary,
            _ => PlanNodeKind.Other,
        };
        var detail = type + (table is null ? "" : $" on {table}") + (index is null ? "" : $" using {index}") + (condition is null ? "" : $" {condition}");
        if (Text(e, "Subplan Name") is { } subplan)
        {
            detail = $"{subplan}: {detail}";
        }

        return new PlanNode
        {
            Kind = kind,
            Detail = detail,
            Table = table,
            Index = index,
            Covering = type == "Index Only Scan",
            Condition = condition,
            Filter = Text(e, "Filter"),
            Rows = e.GetProperty("Plan Rows").GetDouble(),
            ActualRows = Real(e, "Actual Rows"),
            RemovedRows = Real(e, "Rows Removed by Filter"),
            Cost = e.GetProperty("Total Cost").GetDouble(),
            Children = e.TryGetProperty("Plans", out var plans) ? [.. plans.EnumerateArray().Select(p => Node(p, names))] : [],
        };
    }

    static string? Text(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.GetString() : null;

    static double? Real(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.GetDouble() : null;
}
