using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases;

/// <summary>Finds indexes that cost more than they serve, and foreign keys without one. Drops are only described, with the way back.</summary>
public static class IndexReview
{
    /// <summary>Redundant, duplicate, unused and invalid indexes, and foreign keys without an index.</summary>
    /// <param name="database">Read only.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<IReadOnlyList<DatabaseAction>> ReviewAsync(Database database, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        return [.. schema.Tables.Values.OrderBy(t => t.Name, StringComparer.Ordinal).SelectMany(t => Review(schema, t))];
    }

    static IEnumerable<DatabaseAction> Review(DatabaseSchema schema, TableInfo table)
    {
        foreach (var index in table.Indexes.Where(i => !i.Valid))
        {
            // A concurrent build that was interrupted: it is kept up by every write and read by none.
            yield return Drop(schema, table, index, "invalid", "an interrupted concurrent build left it: writes keep it up, no plan reads it");
        }

        var valid = table.Indexes.Where(i => i.Valid).ToList();
        foreach (var index in valid.Where(i => !i.Constraint))
        {
            var same = valid.Find(o => o != index && SameKeys(o, index) && (o.Constraint || o.Unique || !index.Unique) && (!SameAll(o, index) || string.CompareOrdinal(o.Name, index.Name) < 0 || o.Constraint));
            var key = index.Where is null && index.Method == "btree" && !index.Unique && (table.WithoutRowId || schema.Engine == DatabaseEngine.Sqlite) && index.Keys.Count == 1 && table.IsRowId(index.Keys[0]);
            var longer = index.Unique ? null : valid.Find(o => o != index && o.Where == index.Where && o.Method == index.Method && o.Keys.Count > index.Keys.Count && index.Include.All(c => o.Keys.Concat(o.Include).Contains(c)) && Prefix(index.Keys, o.Keys));
            if (same is not null)
            {
                yield return Drop(schema, table, index, "duplicate", $"{same.Name} has the same keys");
            }
            else if (key)
            {
                yield return Drop(schema, table, index, "redundant", "the key of the table is the rowid, which needs no index");
            }
            else if (longer is not null)
            {
                yield return Drop(schema, table, index, "redundant", $"{longer.Name}({string.Join(", ", longer.Keys)}) begins with the same keys");
            }
            else if (index.Scans == 0 && !index.Unique)
            {
                yield return Drop(schema, table, index, "unused", "no plan used it since statistics began; check replicas and rare jobs before dropping it");
            }
        }

        foreach (var foreign in table.ForeignKeys.Where(f => !valid.Exists(i => i.Where is null && Prefix(f.Columns, i.Keys)) && !Prefix(f.Columns, table.PrimaryKey)))
        {
            var candidate = new Advice.IndexCandidate(table.Name, [.. foreign.Columns.Select(SqlKeywords.Quote)]);
            var postgres = schema.Engine == DatabaseEngine.Postgres;
            yield return new DatabaseAction
            {
                Id = $"index.{table.Name}.{string.Join('-', foreign.Columns)}.foreign-key",
                Title = $"Index the foreign key {table.Name}({string.Join(", ", foreign.Columns)})",
                Why = $"without it each delete or key change in {foreign.TargetTable} reads all of {table.Name}",
                Do = [candidate.Definition(candidate.Name, table.SchemaName, concurrently: postgres)],
                Undo = [$"DROP INDEX {(postgres ? "CONCURRENTLY " : "")}IF EXISTS {Qualify(table, candidate.Name)}"],
                OutsideTransaction = postgres,
                Evidence = new DatabaseEvidence { Table = table.Name, Object = candidate.Name },
            };
        }
    }

    static DatabaseAction Drop(DatabaseSchema schema, TableInfo table, IndexInfo index, string kind, string why)
    {
        var postgres = schema.Engine == DatabaseEngine.Postgres;
        var sql = index.Sql ?? "";
        var after = sql.IndexOf("INDEX", StringComparison.OrdinalIgnoreCase) + 5;
        var again = sql.Contains("IF NOT EXISTS", StringComparison.OrdinalIgnoreCase) ? sql : $"{sql[..after]}{(postgres ? " CONCURRENTLY" : "")} IF NOT EXISTS{sql[after..]}";
        return new DatabaseAction
        {
            Id = $"drop.{table.Name}.{index.Name}",
            Title = $"Drop the {kind} index {index.Name} on {table.Name}({string.Join(", ", index.Keys)})",
            Risk = kind is "unused" ? "medium" : "low",
            Why = why,
            Do = [$"DROP INDEX {(postgres ? "CONCURRENTLY " : "")}IF EXISTS {Qualify(table, index.Name)}"],
            Undo = kind == "invalid" ? [] : [again],
            OutsideTransaction = postgres,
            Evidence = new DatabaseEvidence { Table = table.Name, Object = index.Name, Bytes = index.Bytes, Notes = [kind] },
        };
    }

    static string Qualify(TableInfo table, string name) => (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(name);

    static bool SameKeys(IndexInfo a, IndexInfo b) => a.Method == b.Method && a.Where == b.Where && a.Keys.SequenceEqual(b.Keys, StringComparer.OrdinalIgnoreCase) && b.Include.All(a.Include.Contains);

    static bool SameAll(IndexInfo a, IndexInfo b) => SameKeys(a, b) && SameKeys(b, a) && a.Unique == b.Unique;

    static bool Prefix(IReadOnlyList<string> shorter, IReadOnlyList<string> longer) => shorter.Count <= longer.Count && shorter.Zip(longer).All(p => p.First.Equals(p.Second, StringComparison.OrdinalIgnoreCase));
}
