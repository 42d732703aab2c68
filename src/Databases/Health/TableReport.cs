namespace Fettle.Databases;

/// <summary>A table as <c>fettle db tables</c> lists it. Bytes are 0 where the engine cannot tell.</summary>
public sealed record TableReport(string Name, long Rows, int Columns, string Key, long Bytes, IReadOnlyList<IndexReport> Indexes)
{
    /// <summary>All tables with their sizes. SQLite reads every page of the file for them.</summary>
    public static async Task<IReadOnlyList<TableReport>> ReadAsync(Database database, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        var schema = await database.ReadSchemaAsync(sizes: true, cancellation).ConfigureAwait(false);
        return
        [
            .. schema.Tables.Values.OrderByDescending(t => t.Bytes).ThenBy(t => t.Name, StringComparer.Ordinal).Select(t => new TableReport(
                t.Name, t.Rows, t.Columns.Count, string.Join(", ", t.PrimaryKey) + (t.WithoutRowId ? " (clustered)" : ""), t.Bytes,
                [.. t.Indexes.Select(i => new IndexReport(i.Name, string.Join(", ", i.Keys) + (i.Include.Count > 0 ? $" including {string.Join(", ", i.Include)}" : "") + (i.Where is null ? "" : $" where {i.Where}"), i.Unique, i.Valid, i.Bytes, i.Scans))])),
        ];
    }
}

/// <summary>An index as <c>fettle db indexes</c> lists it. <c>Scans</c> is null where the engine does not count.</summary>
public sealed record IndexReport(string Name, string Keys, bool Unique, bool Valid, long Bytes, long? Scans);
