using System.Data.Common;
using System.Globalization;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Advice;

/// <summary>
/// Prices WITHOUT ROWID tables: the schema copy is made anew with the table clustered on its access key, and the whole index search runs on
/// it, so that a layout competes with the best indexes and not only with the table as it is.
/// </summary>
internal static class SqliteLayouts
{
    public static async Task<List<DatabaseAction>> AdviseAsync(AdviceSubject subject, SqliteWhatIf whatIf, IReadOnlyList<RecordedQuery> workload, CancellationToken cancellation)
    {
        var (connection, schema, items, options) = subject;
        var (search, chosen, _) = await IndexAdvisor.ChooseAsync(schema, whatIf, items, options, cancellation).ConfigureAwait(false);
        var before = await search.TotalAsync([], cancellation).ConfigureAwait(false);
        var indexed = await search.TotalAsync(chosen, cancellation).ConfigureAwait(false);
        var actions = new List<DatabaseAction>();
        foreach (var table in schema.Tables.Values.Where(t => t.Rows >= LayoutAdvisor.MinimumRows && !t.WithoutRowId && t.Sql is not null))
        {
            if (LayoutAdvisor.AccessKey(table, items) is not { } key || Numbered(table, items) || await IsTiedAsync(connection, schema, table, cancellation).ConfigureAwait(false))
            {
                continue;
            }

            var clustered = table with
            {
                Sql = ClusteredTable.Definition(table, key, table.Name),
                WithoutRowId = true,
                PrimaryKey = key,
                Indexes = [.. table.Indexes.Where(i => i.Sql is not null && !Begins(i, key))],
            };
            var other = new DatabaseSchema(DatabaseEngine.Sqlite, schema.Tables.Values.Select(t => t == table ? clustered : t), schema.Views.Values);
            await using var supposed = SqliteWhatIf.Under(other, whatIf);
            var moved = AdviceSubject.Read(other, workload, options);
            var writes = moved.Where(i => i.Writes && i.Analyzed.Statement.WrittenTables.Contains(table.Name, StringComparer.OrdinalIgnoreCase)).Sum(i => i.Weight);
            // The clustered table is written as an index is that carries every column.
            var row = new IndexCandidate(table.Name, [.. key.Concat(table.Columns.Where(c => !c.Generated && !key.Contains(c.Name, StringComparer.OrdinalIgnoreCase)).Select(c => c.Name)).Select(SqlKeywords.Quote)]);
            var upkeep = writes * whatIf.WriteCost(row);
            var alone = new ExtendSearch(supposed, moved, options, 0);
            var after = upkeep + await alone.TotalAsync([], cancellation).ConfigureAwait(false);
            if (before - after < LayoutAdvisor.MinimumGain * before)
            {
                continue;
            }

            var (search2, chosen2, _) = await IndexAdvisor.ChooseAsync(other, supposed, moved, options, cancellation).ConfigureAwait(false);
            var together = upkeep + await search2.TotalAsync(chosen2, cancellation).ConfigureAwait(false);
            if (together > indexed * 1.02 || !await IsNaturalKeyAsync(connection, table, key, cancellation).ConfigureAwait(false))
            {
                continue;
            }

            var served = new List<ServedQuery>();
            for (var i = 0; i < items.Count; i++)
            {
                if (await search.PriceAsync(i, [], cancellation).ConfigureAwait(false) is { } off && await alone.PriceAsync(i, [], cancellation).ConfigureAwait(false) is { } on && off.Cost > on.Cost * 1.01)
                {
                    served.Add(ServedQuery.From(items[i], off, on));
                }
            }

            actions.Add(Action(table, clustered, key) with
            {
                PredictedGain = Math.Round(Math.Clamp((before - after) / Math.Max(before, 1e-9), 0, 1), 4),
                Why = string.Create(CultureInfo.InvariantCulture, $"rows of one range of this unique key then lie on neighbouring pages, and no second look-up per row is needed: cost {before:0} now, {indexed:0} with the best indexes, {after:0} with this alone, {together:0} with this and the indexes that then still help"),
                Evidence = new DatabaseEvidence
                {
                    Table = table.Name,
                    Object = table.Name,
                    Bytes = whatIf.Bytes(row),
                    WriteAmplification = Math.Round(1 + whatIf.WriteCost(row) / whatIf.RowCost(table), 2),
                    Serves = [.. served.OrderByDescending(s => s.Calls * (s.CostBefore - s.CostAfter))],
                    Notes = Notes(table),
                },
            });
        }

        return actions;
    }

    static bool Begins(IndexInfo index, List<string> key) => !index.Unique && index.Where is null && index.Keys.Count <= key.Count && index.Keys.Zip(key).All(p => p.First.Equals(p.Second, StringComparison.OrdinalIgnoreCase));

    /// <summary>The engine gives new rows a number that some statement reads: a clustered table would not.</summary>
    static bool Numbered(TableInfo table, List<WorkloadItem> items)
    {
        if (table.Sql!.Contains("AUTOINCREMENT", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (table.PrimaryKey is not [var number] || !table.IsRowId(number))
        {
            return false;
        }

        var inserts = items.Any(i => i.Writes && i.Analyzed.Statement.WrittenTables.Contains(table.Name, StringComparer.OrdinalIgnoreCase)
            && SqlTokenizer.Read(i.Sql, DatabaseEngine.Sqlite) is var tokens && tokens.Exists(t => t.IsWord("INSERT") || t.IsWord("REPLACE")) && !tokens.Exists(t => t.IsName && t.Text.Equals(number, StringComparison.OrdinalIgnoreCase)));
        return inserts && items.Any(i => i.Analyzed.UsesOf(table.Name).Any(u => u.Referenced.Contains(number)));
    }

    /// <summary>Triggers and foreign keys of other tables hang on the table itself.</summary>
    static async Task<bool> IsTiedAsync(DbConnection connection, DatabaseSchema schema, TableInfo table, CancellationToken cancellation) =>
        schema.Tables.Values.Any(t => t.ForeignKeys.Any(f => f.TargetTable.Equals(table.Name, StringComparison.OrdinalIgnoreCase)))
        || (await SqliteSchemaReader.QueryAsync(connection, $"SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower({SqliteSchemaReader.Literal(table.Name)})", cancellation).ConfigureAwait(false)).Count > 0;

    /// <summary>Whether the key is unique and never null: read in full, since the answer decides what becomes of the data.</summary>
    static async Task<bool> IsNaturalKeyAsync(DbConnection connection, TableInfo table, List<string> key, CancellationToken cancellation)
    {
        var columns = string.Join(", ", key.Select(SqlKeywords.Quote));
        var nulls = string.Join(" OR ", key.Select(k => $"{SqlKeywords.Quote(k)} IS NULL"));
        return (await SqliteSchemaReader.QueryAsync(connection, $"SELECT 1 WHERE EXISTS (SELECT 1 FROM {SqlKeywords.Quote(table.Name)} WHERE {nulls}) OR EXISTS (SELECT 1 FROM {SqlKeywords.Quote(table.Name)} GROUP BY {columns} HAVING count(*) > 1)", cancellation).ConfigureAwait(false)).Count == 0;
    }

    static DatabaseAction Action(TableInfo table, TableInfo clustered, List<string> key)
    {
        var name = SqlKeywords.Quote(table.Name);
        var kept = SqlKeywords.Quote($"{table.Name}_fettle_original");
        var fresh = SqlKeywords.Quote($"{table.Name}_fettle_clustered");
        var list = string.Join(", ", table.Columns.Where(c => !c.Generated).Select(c => SqlKeywords.Quote(c.Name)));
        var keys = string.Join(", ", key.Select(SqlKeywords.Quote));
        var body = table.Sql![SqlTokenizer.Read(table.Sql!, DatabaseEngine.Sqlite).Find(t => t.IsSymbol("(")).Start..];
        var indexes = string.Concat(table.Indexes.Where(i => i.Sql is not null).Select(i => IfNotExists(i.Sql!) + "; "));
        // An index name is one of the whole file: the kept original gives its names to the new table.
        var drops = string.Concat(table.Indexes.Where(i => i.Sql is not null).Select(i => $"DROP INDEX IF EXISTS {SqlKeywords.Quote(i.Name)}; "));
        var again = string.Concat(clustered.Indexes.Select(i => IfNotExists(i.Sql!) + "; "));
        return new DatabaseAction
        {
            Id = $"layout.{table.Name}.without-rowid",
            Title = $"Cluster {table.Name} on ({string.Join(", ", key)}) (WITHOUT ROWID)",
            Risk = "medium",
            Why = "",
            // One text each, so that all of it runs on one connection. legacy_alter_table keeps views and foreign keys pointing at the name.
            Do =
            [
                $"""
                PRAGMA legacy_alter_table=ON; BEGIN IMMEDIATE; DROP TABLE IF EXISTS {fresh};
                {ClusteredTable.Definition(table, key, $"{table.Name}_fettle_clustered")};
                INSERT INTO {fresh}({list}) SELECT {list} FROM {name} ORDER BY {keys};
                ALTER TABLE {name} RENAME TO {kept}; {drops} ALTER TABLE {fresh} RENAME TO {name}; {again} COMMIT; PRAGMA legacy_alter_table=OFF
                """,
                $"ANALYZE {name}",
            ],
            // Right whether the action ran or not: without a kept original it is rebuilt from the rows there are. Made from its own text, as a
            // rename would leave quotes around the name and the schema would not equal the one before.
            Undo =
            [
                $"""
                PRAGMA legacy_alter_table=ON; BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS {kept}{body};
                INSERT INTO {kept}({list}) SELECT {list} FROM {name} WHERE NOT EXISTS (SELECT 1 FROM {kept});
                DROP TABLE {name}; {table.Sql}; INSERT INTO {name}({list}) SELECT {list} FROM {kept}; DROP TABLE {kept}; {indexes} COMMIT; PRAGMA legacy_alter_table=OFF
                """,
            ],
            OutsideTransaction = true,
        };
    }

    static List<string> Notes(TableInfo table) =>
    [
        $"the original stays as {SqlKeywords.Quote(table.Name + "_fettle_original")} until accepted; writes made meanwhile go to the new table only and are lost by the undo",
        .. table.PrimaryKey is [var number] && table.IsRowId(number) ? new[] { $"{number} is no longer given by the engine: a statement that inserts without it leaves it empty" } : [],
    ];

    static string IfNotExists(string createIndex)
    {
        var at = createIndex.IndexOf("INDEX", StringComparison.OrdinalIgnoreCase) + 5;
        return createIndex.Contains("IF NOT EXISTS", StringComparison.OrdinalIgnoreCase) ? createIndex : $"{createIndex[..at]} IF NOT EXISTS{createIndex[at..]}";
    }
}
