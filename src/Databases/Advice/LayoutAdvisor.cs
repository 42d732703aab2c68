using System.Globalization;
using Fettle.Databases.Advice;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>
/// Proposes where rows lie: SQLite tables clustered on their natural key (WITHOUT ROWID), PostgreSQL heaps sorted by an index (CLUSTER) or
/// summarised by block (BRIN). The original SQLite table stays, renamed, until the change is accepted.
/// </summary>
public static class LayoutAdvisor
{
    /// <summary>Tables smaller than this are left alone: every layout of them is read in no time.</summary>
    public const long MinimumRows = 10_000;

    /// <summary>Layout changes for the tables that the workload reads by ranges of a key.</summary>
    /// <param name="database">Read only.</param>
    /// <param name="workload">What runs on it.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<IReadOnlyList<DatabaseAction>> AdviseAsync(Database database, IReadOnlyList<RecordedQuery> workload, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        var uses = workload.SelectMany(q => QueryAnalyzer.Analyze(q.Example.Length > 0 ? q.Example : q.Sql, schema).Uses.Select(u => (Use: u, q.Calls))).ToLookup(u => u.Use.Table.Name, StringComparer.OrdinalIgnoreCase);
        var actions = new List<DatabaseAction>();
        foreach (var table in schema.Tables.Values.Where(t => t.Rows >= MinimumRows && uses.Contains(t.Name)))
        {
            if (AccessKey(table, uses[table.Name]) is not { Count: > 0 } key)
            {
                continue;
            }

            if (schema.Engine == DatabaseEngine.Postgres)
            {
                actions.AddRange(Postgres(table, key));
            }
            else if (!table.WithoutRowId && await NaturalKeyAsync(database, table, key, cancellation).ConfigureAwait(false))
            {
                actions.Add(Sqlite(table, key, uses[table.Name].Sum(u => u.Calls)));
            }
        }

        return actions;
    }

    /// <summary>The columns most calls come in by: equality first, then a range or the order.</summary>
    static List<string>? AccessKey(TableInfo table, IEnumerable<(TableUse Use, long Calls)> uses) => uses
        .Select(u => (Key: Key(u.Use), u.Calls)).Where(k => k.Key.Count > 1)
        .GroupBy(k => string.Join('\u0001', k.Key)).OrderByDescending(g => g.Sum(k => k.Calls)).Select(g => g.First().Key)
        .FirstOrDefault(k => k.TrueForAll(c => table.Column(c) is { Generated: false }));

    static List<string> Key(TableUse use)
    {
        var equal = use.Predicates.Where(p => p.Kind is PredicateKind.Equal or PredicateKind.In or PredicateKind.Join && p.Expression is null && !p.InOr).Select(p => p.Column);
        var after = use.Predicates.Where(p => p.Kind == PredicateKind.Range && p.Expression is null && !p.InOr).Select(p => p.Column).Concat(use.Order.Select(o => o.Column));
        return [.. equal.Concat(after.Take(1)).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Whether the key is unique and never null: read in full, since the answer decides what becomes of the data.</summary>
    static async Task<bool> NaturalKeyAsync(Database database, TableInfo table, List<string> key, CancellationToken cancellation)
    {
        var columns = string.Join(", ", key.Select(SqlKeywords.Quote));
        var nulls = string.Join(" OR ", key.Select(k => $"{SqlKeywords.Quote(k)} IS NULL"));
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var found = await SqliteSchemaReader.QueryAsync(lease.Connection, $"SELECT 1 WHERE EXISTS (SELECT 1 FROM {SqlKeywords.Quote(table.Name)} WHERE {nulls}) OR EXISTS (SELECT 1 FROM {SqlKeywords.Quote(table.Name)} GROUP BY {columns} HAVING count(*) > 1)", cancellation).ConfigureAwait(false);
            broken = false;
            return found.Count == 0;
        }
        finally
        {
            lease.Return(broken);
        }
    }

    static DatabaseAction Sqlite(TableInfo table, List<string> key, long calls)
    {
        var name = SqlKeywords.Quote(table.Name);
        var kept = SqlKeywords.Quote($"{table.Name}_fettle_original");
        var fresh = SqlKeywords.Quote($"{table.Name}_fettle_clustered");
        var columns = table.Columns.Where(c => !c.Generated).ToList();
        var list = string.Join(", ", columns.Select(c => SqlKeywords.Quote(c.Name)));
        var definition = string.Join(", ", columns.Select(c => $"{SqlKeywords.Quote(c.Name)} {c.Type}{(c.NotNull || key.Contains(c.Name, StringComparer.OrdinalIgnoreCase) ? " NOT NULL" : "")}"));
        var keys = string.Join(", ", key.Select(SqlKeywords.Quote));
        var body = table.Sql![SqlTokenizer.Read(table.Sql!, DatabaseEngine.Sqlite).Find(t => t.IsSymbol("(")).Start..];
        var indexes = string.Concat(table.Indexes.Where(i => i.Sql is not null).Select(i => IfNotExists(i.Sql!) + "; "));
        return new DatabaseAction
        {
            Id = $"layout.{table.Name}.without-rowid",
            Title = $"Cluster {table.Name} on ({string.Join(", ", key)}) (WITHOUT ROWID)",
            Risk = "medium",
            Why = string.Create(CultureInfo.InvariantCulture, $"{calls:0} calls read ranges of this unique key; rows of one range then lie on neighbouring pages and no second look-up per row is needed"),
            // One text each, so that all of it runs on one connection. legacy_alter_table keeps views and foreign keys pointing at the name.
            Do =
            [
                $"""
                PRAGMA legacy_alter_table=ON; BEGIN IMMEDIATE; DROP TABLE IF EXISTS {fresh};
                CREATE TABLE {fresh}({definition}, PRIMARY KEY ({keys})) WITHOUT ROWID;
                INSERT INTO {fresh}({list}) SELECT {list} FROM {name} ORDER BY {keys};
                ALTER TABLE {name} RENAME TO {kept}; ALTER TABLE {fresh} RENAME TO {name}; COMMIT; PRAGMA legacy_alter_table=OFF
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
            Evidence = new DatabaseEvidence
            {
                Table = table.Name,
                Object = table.Name,
                Notes =
                [
                    "the original stays as " + kept + " until accepted; writes made meanwhile go to the new table only and are lost by the undo",
                    "the implicit rowid goes: a statement that inserts without the id column gets no number",
                    .. table.Indexes.Any(i => !i.Constraint) ? new[] { "indexes of the original must be built again: run the index advice after accepting" } : [],
                    .. table.ForeignKeys.Count > 0 || table.Sql!.Contains("CHECK", StringComparison.OrdinalIgnoreCase) || table.Sql!.Contains("DEFAULT", StringComparison.OrdinalIgnoreCase) ? new[] { "constraints and defaults of the original are not copied" } : [],
                ],
            },
        };
    }

    static string IfNotExists(string createIndex)
    {
        var at = createIndex.IndexOf("INDEX", StringComparison.OrdinalIgnoreCase) + 5;
        return createIndex.Contains("IF NOT EXISTS", StringComparison.OrdinalIgnoreCase) ? createIndex : $"{createIndex[..at]} IF NOT EXISTS{createIndex[at..]}";
    }

    static IEnumerable<DatabaseAction> Postgres(TableInfo table, List<string> key)
    {
        var name = (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(table.Name);
        var index = table.Indexes.FirstOrDefault(i => i.Valid && i.Method == "btree" && i.Where is null && key.Count <= i.Keys.Count && key.Zip(i.Keys).All(p => p.First.Equals(p.Second, StringComparison.OrdinalIgnoreCase)));
        if (index is not null)
        {
            yield return new DatabaseAction
            {
                Id = $"layout.{table.Name}.cluster",
                Title = $"Sort the rows of {table.Name} by {index.Name}",
                Risk = "medium",
                Why = "rows of one range then lie on neighbouring pages; new rows do not, so it wears off with writes",
                Do = [$"CLUSTER {name} USING {SqlKeywords.Quote(index.Name)}", $"ANALYZE {name}"],
                Undo = [$"ALTER TABLE {name} SET WITHOUT CLUSTER"],
                OutsideTransaction = true,
                Evidence = new DatabaseEvidence { Table = table.Name, Object = index.Name, Bytes = 0, Notes = ["locks the table against reads and writes while it runs, and needs free space of the table's size; the old order of rows cannot be restored and no query may rely on it"] },
            };
        }

        var time = key.Find(c => table.Column(c)!.Type is "date" or "timestamp with time zone" or "timestamp without time zone");
        if (time is not null && table.Rows >= 1_000_000)
        {
            var brin = new IndexCandidate(table.Name, [SqlKeywords.Quote(time)]) { Method = "brin" };
            yield return new DatabaseAction
            {
                Id = $"layout.{table.Name}.brin",
                Title = $"BRIN index on {table.Name}({time})",
                Why = "rows that arrive in time order are found by block summaries in a thousandth of a b-tree's size",
                Do = [brin.Definition(brin.Name, table.SchemaName, concurrently: true)],
                Undo = [$"DROP INDEX CONCURRENTLY IF EXISTS {(table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".")}{SqlKeywords.Quote(brin.Name)}"],
                OutsideTransaction = true,
                Evidence = new DatabaseEvidence { Table = table.Name, Object = brin.Name, Bytes = 48 * 1024 },
            };
        }
    }
}
