using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Databases;

/// <summary>What a step of a plan does, in words that fit both engines.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanNodeKind>))]
public enum PlanNodeKind
{
    /// <summary>Reads a whole table or a whole index.</summary>
    Scan,

    /// <summary>Goes to the matching part of an index or key.</summary>
    Seek,

    /// <summary>Sorts rows, or sorts them into a temporary b-tree.</summary>
    Sort,

    /// <summary>Combines two inputs.</summary>
    Join,

    /// <summary>Groups or aggregates.</summary>
    Aggregate,

    /// <summary>Builds an index or a table for the time of the statement.</summary>
    Temporary,

    /// <summary>A subquery, its result kept or computed for each outer row.</summary>
    Subquery,

    /// <summary>Everything else; the detail tells.</summary>
    Other,
}

/// <summary>One step of a plan with its inputs.</summary>
public sealed record PlanNode
{
    /// <summary>What the step does.</summary>
    public required PlanNodeKind Kind { get; init; }

    /// <summary>The engine's own words.</summary>
    public required string Detail { get; init; }

    /// <summary>Table, or its alias where the engine shows only that.</summary>
    public string? Table { get; init; }

    /// <summary>Index that is read.</summary>
    public string? Index { get; init; }

    /// <summary>Whether the index holds all that is asked, so that the table is not touched.</summary>
    public bool Covering { get; init; }

    /// <summary>The condition that the index serves.</summary>
    public string? Condition { get; init; }

    /// <summary>The condition checked on each row after it was read.</summary>
    public string? Filter { get; init; }

    /// <summary>Rows expected to leave the step.</summary>
    public double? Rows { get; init; }

    /// <summary>Rows that left it, when the statement was run.</summary>
    public double? ActualRows { get; init; }

    /// <summary>Rows removed by the filter, when the statement was run.</summary>
    public double? RemovedRows { get; init; }

    /// <summary>Cost to the step's end in the engine's unit.</summary>
    public double? Cost { get; init; }

    /// <summary>Its inputs in order.</summary>
    public IReadOnlyList<PlanNode> Children { get; init; } = [];
}

/// <summary>A statement's plan in one form for both engines.</summary>
public sealed record QueryPlan
{
    /// <summary>Whose plan it is.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>The statement explained.</summary>
    public required string Sql { get; init; }

    /// <summary>The steps at the top.</summary>
    public required IReadOnlyList<PlanNode> Nodes { get; init; }

    /// <summary>Cost of the whole in the engine's unit (SQLite: rows scanned as Fettle's model counts them); null when unknown.</summary>
    public double? Cost { get; init; }

    /// <summary>Every step, outer before inner.</summary>
    [JsonIgnore]
    public IEnumerable<PlanNode> All => Nodes.SelectMany(Walk);

    /// <summary>Names of the indexes in the plan.</summary>
    [JsonIgnore]
    public IReadOnlySet<string> Indexes => All.Where(n => n.Index is not null).Select(n => n.Index!).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The plan as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, QueryPlanJson.Default.QueryPlan);

    /// <summary>The plan as a tree that a person reads.</summary>
    public string ToTree()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Nodes.Count; i++)
        {
            Write(text, Nodes[i], "", i == Nodes.Count - 1);
        }

        return text.ToString();
    }

    /// <summary>Two plans beside each other, lines cut to the width.</summary>
    /// <param name="before">Left.</param>
    /// <param name="after">Right.</param>
    /// <param name="width">Characters per side. 20–400.</param>
    public static string SideBySide(QueryPlan before, QueryPlan after, int width = 58)
    {
        Throw.IfOutside(width, 20, 400);
        var left = before.ToTree().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var right = after.ToTree().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var text = new StringBuilder();
        for (var i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            text.Append(Fit(i < left.Length ? left[i] : "", width)).Append(" │ ").AppendLine(Fit(i < right.Length ? right[i] : "", width).TrimEnd());
        }

        return text.ToString();
    }

    static string Fit(string line, int width) => line.Length <= width ? line.PadRight(width) : line[..(width - 1)] + "…";

    static IEnumerable<PlanNode> Walk(PlanNode node) => node.Children.SelectMany(Walk).Prepend(node);

    static void Write(StringBuilder text, PlanNode node, string indent, bool last)
    {
        text.Append(indent).Append(last ? "└ " : "├ ").Append(node.Detail);
        if (node.Rows is { } rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"  rows≈{rows:0.#}");
        }

        if (node.ActualRows is { } actual)
        {
            text.Append(CultureInfo.InvariantCulture, $" (was {actual:0.#})");
        }

        if (node.Cost is { } cost)
        {
            text.Append(CultureInfo.InvariantCulture, $"  cost {cost:0.#}");
        }

        if (node.Filter is not null)
        {
            text.Append("  filter ").Append(node.Filter);
        }

        text.Append('\n');
        for (var i = 0; i < node.Children.Count; i++)
        {
            Write(text, node.Children[i], indent + (last ? "  " : "│ "), i == node.Children.Count - 1);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(QueryPlan))]
internal sealed partial class QueryPlanJson : JsonSerializerContext;
