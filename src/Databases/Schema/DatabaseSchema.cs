using System.Collections.Frozen;

namespace Fettle.Databases.Schema;

/// <summary>What the advisor knows of a database's structure; names compare without case, as both engines do with plain names.</summary>
internal sealed class DatabaseSchema
{
    public DatabaseSchema(DatabaseEngine engine, IEnumerable<TableInfo> tables, IEnumerable<ViewInfo> views)
    {
        Engine = engine;
        Tables = tables.ToFrozenDictionary(t => t.Name, StringComparer.OrdinalIgnoreCase);
        Views = views.ToFrozenDictionary(v => v.Name, StringComparer.OrdinalIgnoreCase);
    }

    public DatabaseEngine Engine { get; }

    public FrozenDictionary<string, TableInfo> Tables { get; }

    public FrozenDictionary<string, ViewInfo> Views { get; }
}

internal sealed record ViewInfo(string Name, string Sql);

/// <summary>A table with its columns, key, indexes and size. <c>Rows</c> is exact or estimated, whichever is cheap.</summary>
internal sealed record TableInfo(string Name, IReadOnlyList<ColumnInfo> Columns, IReadOnlyList<string> PrimaryKey, IReadOnlyList<IndexInfo> Indexes, long Rows)
{
    public string? SchemaName { get; init; }

    /// <summary>The CREATE statement, where the engine keeps it.</summary>
    public string? Sql { get; init; }

    public bool WithoutRowId { get; init; }

    /// <summary>Bytes of the table's own rows; 0 when unknown.</summary>
    public long Bytes { get; init; }

    public IReadOnlyList<ForeignKeyInfo> ForeignKeys { get; init; } = [];

    public ColumnInfo? Column(string name) => Columns.FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>SQLite's alias of the rowid: a lone INTEGER key.</summary>
    public bool IsRowId(string column) => !WithoutRowId && PrimaryKey.Count == 1 && PrimaryKey[0].Equals(column, StringComparison.OrdinalIgnoreCase)
        && Column(column)!.Type.Equals("INTEGER", StringComparison.OrdinalIgnoreCase);
}

internal sealed record ColumnInfo(string Name, string Type, bool NotNull)
{
    public bool Generated { get; init; }

    /// <summary>Types that a b-tree cannot order usefully: JSON documents, arrays.</summary>
    public bool NeedsInverted => Type.Equals("jsonb", StringComparison.OrdinalIgnoreCase) || Type.EndsWith("[]", StringComparison.Ordinal) || Type.Equals("tsvector", StringComparison.OrdinalIgnoreCase);
}

/// <summary>An index: key columns (an expression stands as its text in parentheses), included columns, condition of a partial one.</summary>
internal sealed record IndexInfo(string Name, string Table, IReadOnlyList<string> Keys, bool Unique)
{
    public IReadOnlyList<string> Include { get; init; } = [];

    public string? Where { get; init; }

    /// <summary>Made for a constraint: it cannot be dropped alone.</summary>
    public bool Constraint { get; init; }

    public bool Valid { get; init; } = true;

    public string Method { get; init; } = "btree";

    public string? Sql { get; init; }

    public long Bytes { get; init; }

    /// <summary>Times a plan used it since statistics began; null when the engine does not count.</summary>
    public long? Scans { get; init; }
}

internal sealed record ForeignKeyInfo(IReadOnlyList<string> Columns, string TargetTable, IReadOnlyList<string> TargetColumns);
