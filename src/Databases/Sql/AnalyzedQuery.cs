using Fettle.Databases.Schema;

namespace Fettle.Databases.Sql;

/// <summary>How a condition restricts a column.</summary>
internal enum PredicateKind
{
    Equal,
    In,
    Join,
    Range,
    Like,
    IsNull,
    NotNull,

    /// <summary>Containment and existence operators of JSON and arrays.</summary>
    Contains,
}

/// <summary>
/// One condition on a column or on an expression over a column. <c>Value</c> is a parameter with its mark, a literal, or null when it is
/// computed; <c>Expression</c> is the indexed side's text when it is more than the column.
/// </summary>
internal sealed record ColumnPredicate(string Column, PredicateKind Kind, string Operator, string? Value, string? Expression, bool InOr)
{
    /// <summary>The other side names the current time, a random number or the session: no stored condition may contain it.</summary>
    public bool Volatile { get; init; }

    /// <summary>The column of another table that it equals, as <c>alias.column</c>.</summary>
    public string? JoinedTo { get; init; }
}

/// <summary>One use of a table in a query, with what the query asks of it.</summary>
internal sealed class TableUse(TableInfo table, string alias)
{
    public TableInfo Table => table;

    public string Alias => alias;

    /// <summary>The name inside a view, which plans show; null outside of views.</summary>
    public string? InnerAlias { get; init; }

    /// <summary>Columns that a view shows under another name.</summary>
    public Dictionary<string, string> Renamed { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The column of that name as the query sees it.</summary>
    public ColumnInfo? Visible(string name) => table.Column(name) ?? (Renamed.TryGetValue(name, out var column) ? table.Column(column) : null);

    public List<ColumnPredicate> Predicates { get; } = [];

    /// <summary>Columns the query reads from this use, conditions included.</summary>
    public SortedSet<string> Referenced { get; } = new(StringComparer.OrdinalIgnoreCase);

    public List<(string Column, bool Descending)> Order { get; } = [];

    public List<string> Group { get; } = [];

    public bool AllColumns { get; set; }

    /// <summary>LIMIT of the block the use stands in: a literal or a parameter.</summary>
    public string? Limit { get; set; }
}

/// <summary>A statement's uses of tables, of all its blocks; what could not be read is simply absent, the engine's planner has the last word.</summary>
internal sealed record AnalyzedQuery(SqlStatement Statement, IReadOnlyList<TableUse> Uses, IReadOnlyList<string> Parameters)
{
    public IEnumerable<TableUse> UsesOf(string table) => Uses.Where(u => u.Table.Name.Equals(table, StringComparison.OrdinalIgnoreCase));
}
