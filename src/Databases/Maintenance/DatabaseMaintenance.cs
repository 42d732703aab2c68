using System.Diagnostics;
using System.Globalization;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;
using Microsoft.Data.Sqlite;

namespace Fettle.Databases;

/// <summary>What a maintenance step did.</summary>
/// <param name="Step">Statement or task.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="BytesBefore">Size of the database before.</param>
/// <param name="BytesAfter">Size after.</param>
public sealed record MaintenanceStep(string Step, double Milliseconds, long BytesBefore, long BytesAfter);

/// <summary>Bloat and staleness of a database, measured before anything is done about them.</summary>
/// <param name="Bytes">Size of the database.</param>
/// <param name="FreeBytes">Bytes in it that hold nothing.</param>
/// <param name="StaleTables">Tables whose statistics are missing or far from their rows.</param>
/// <param name="Problems">What the integrity check found; empty when all is well or it was not run.</param>
public sealed record MaintenanceState(long Bytes, long FreeBytes, IReadOnlyList<string> StaleTables, IReadOnlyList<string> Problems)
{
    /// <summary>Part of the database that holds nothing, 0–1.</summary>
    public double Bloat => Bytes == 0 ? 0 : (double)FreeBytes / Bytes;
}

/// <summary>Measures and maintains: statistics where they are stale, space where it is wasted, a backup before risky work.</summary>
public static class DatabaseMaintenance
{
    /// <summary>Bloat above which space is reclaimed.</summary>
    public const double BloatLimit = 0.2;

    /// <summary>Measures; changes nothing.</summary>
    /// <param name="database">What to measure.</param>
    /// <param name="integrity">SQLite: also read every page and check it; takes as long as reading the file.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<MaintenanceState> MeasureAsync(Database database, bool integrity, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        return database.Engine == DatabaseEngine.Sqlite
            ? await SqliteAsync(database, schema, integrity, cancellation).ConfigureAwait(false)
            : await PostgresAsync(database, cancellation).ConfigureAwait(false);
    }

    /// <summary>Does what the measurement calls for, least first: ANALYZE of stale tables, then space when bloat is above a fifth.</summary>
    /// <param name="database">What to maintain.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static Task<IReadOnlyList<MaintenanceStep>> RunAsync(Database database, CancellationToken cancellation = default) => RunAsync(database, reindex: false, cancellation);

    /// <summary>As the other overload, and rebuilds indexes when asked: on PostgreSQL those that are twice the size that their rows need, beside the readers and writers; on SQLite those whose pages are less than half full.</summary>
    /// <param name="database">What to maintain.</param>
    /// <param name="reindex">Whether indexes are rebuilt.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static async Task<IReadOnlyList<MaintenanceStep>> RunAsync(Database database, bool reindex, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        var state = await MeasureAsync(database, integrity: false, cancellation).ConfigureAwait(false);
        var statements = new List<string>();
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            // The journal mode stays with the file: opening the writer has made it WAL, so that readers and the writer do not wait for each other.
            statements.Add("PRAGMA wal_checkpoint(PASSIVE)");
            statements.AddRange(reindex ? (await LooseAsync(database, cancellation).ConfigureAwait(false)).Select(name => $"REINDEX {SqlKeywords.Quote(name)}") : []);
            statements.AddRange(state.StaleTables.Select(t => $"PRAGMA analysis_limit=1000; ANALYZE {SqlKeywords.Quote(t)}"));
            if (state.Bloat > BloatLimit)
            {
                var incremental = Number(await QueryAsync(database, "PRAGMA auto_vacuum", cancellation).ConfigureAwait(false)) == 2;
                statements.Add(incremental ? "PRAGMA incremental_vacuum" : "VACUUM");
            }
        }
        else
        {
            var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
            statements.AddRange(state.StaleTables.Select(t => $"VACUUM (ANALYZE) {Qualified(schema.Tables[t])}"));
            statements.AddRange(schema.Tables.Values.SelectMany(t => t.Indexes.Where(i => !i.Valid && i.Name.StartsWith("fettle_", StringComparison.Ordinal)).Select(i => $"DROP INDEX CONCURRENTLY IF EXISTS {(t.SchemaName is null ? "" : SqlKeywords.Quote(t.SchemaName) + ".")}{SqlKeywords.Quote(i.Name)}")));
        }

        if (database.Engine == DatabaseEngine.Postgres)
        {
            // Kept joins of Fettle's making: beside their readers, thanks to the unique key that each has.
            var joins = await QueryAsync(database, "SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews WHERE matviewname LIKE 'fettle\\_join\\_%' AND ispopulated ORDER BY 1", cancellation).ConfigureAwait(false);
            statements.AddRange(joins.Select(j => $"REFRESH MATERIALIZED VIEW CONCURRENTLY {j[0]}"));
        }

        if (reindex && database.Engine == DatabaseEngine.Postgres)
        {
            statements.AddRange((await BloatedAsync(database, cancellation).ConfigureAwait(false)).Select(name => $"REINDEX INDEX CONCURRENTLY {name}"));
        }

        var steps = new List<MaintenanceStep>();
        foreach (var statement in statements)
        {
            cancellation.ThrowIfCancellationRequested();
            var before = await BytesAsync(database, cancellation).ConfigureAwait(false);
            var start = Stopwatch.GetTimestamp();
            await ExecuteAsync(database, statement, cancellation).ConfigureAwait(false);
            steps.Add(new MaintenanceStep(statement, Stopwatch.GetElapsedTime(start).TotalMilliseconds, before, await BytesAsync(database, cancellation).ConfigureAwait(false)));
        }

        return steps;
    }

    /// <summary>Copies a SQLite database while it is in use, by the engine's online backup; the copy is whole or not there.</summary>
    /// <param name="database">A SQLite database.</param>
    /// <param name="file">The copy; must not exist.</param>
    /// <param name="cancellation">Stops before the copy begins.</param>
    /// <exception cref="InvalidOperationException">The database is PostgreSQL: use pg_dump or a base backup.</exception>
    /// <exception cref="IOException">The file exists, or the disk is too small for the copy.</exception>
    public static async Task BackupAsync(Database database, string file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        if (database.Engine != DatabaseEngine.Sqlite)
        {
            throw new InvalidOperationException("the online backup is SQLite's; back up PostgreSQL with pg_dump or pg_basebackup");
        }

        var target = Path.GetFullPath(file);
        if (File.Exists(target))
        {
            throw new IOException($"backup file '{target}' exists; name another or remove it");
        }

        ApplyGuard.RequireSpace(Path.GetDirectoryName(target)!, await BytesAsync(database, cancellation).ConfigureAwait(false));
        var part = target + ".part";
        File.Delete(part);
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            await using (var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = part, Pooling = false }.ToString()))
            {
                await copy.OpenAsync(cancellation).ConfigureAwait(false);
                ((SqliteConnection)lease.Connection).BackupDatabase(copy);
            }

            File.Move(part, target);
            broken = false;
        }
        finally
        {
            lease.Return(broken);
            File.Delete(part);
        }
    }

    static async Task<MaintenanceState> SqliteAsync(Database database, DatabaseSchema schema, bool integrity, CancellationToken cancellation)
    {
        var page = Number(await QueryAsync(database, "PRAGMA page_size", cancellation).ConfigureAwait(false));
        var pages = Number(await QueryAsync(database, "PRAGMA page_count", cancellation).ConfigureAwait(false));
        var free = Number(await QueryAsync(database, "PRAGMA freelist_count", cancellation).ConfigureAwait(false));
        var analyzed = new Dictionary<string, long>(StringComparer.OrdinalIgnoreCase);
        if (Number(await QueryAsync(database, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'", cancellation).ConfigureAwait(false)) == 1)
        {
            foreach (var row in await QueryAsync(database, "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl", cancellation).ConfigureAwait(false))
            {
                analyzed[(string)row[0]!] = Convert.ToInt64(row[1], CultureInfo.InvariantCulture);
            }
        }

        var stale = schema.Tables.Values.Where(t => t.Rows > 100 && t.Indexes.Count > 0 && (!analyzed.TryGetValue(t.Name, out var rows) || rows > 2 * t.Rows || t.Rows > 2 * rows)).Select(t => t.Name).Order(StringComparer.Ordinal);
        var problems = integrity ? (await QueryAsync(database, "PRAGMA integrity_check(100)", cancellation).ConfigureAwait(false)).Select(r => (string)r[0]!).Where(p => p != "ok") : [];
        return new MaintenanceState(pages * page, free * page, [.. stale], [.. problems]);
    }

    static async Task<MaintenanceState> PostgresAsync(Database database, CancellationToken cancellation)
    {
        var tables = await QueryAsync(database, """
            SELECT relname, n_live_tup::bigint, n_dead_tup::bigint, (n_mod_since_analyze > 0.2 * n_live_tup + 100 OR (last_analyze IS NULL AND last_autoanalyze IS NULL AND n_live_tup > 100)), pg_table_size(relid)
            FROM pg_stat_user_tables
            """, cancellation).ConfigureAwait(false);
        var bytes = await BytesAsync(database, cancellation).ConfigureAwait(false);
        var dead = tables.Sum(t => (long)t[4]! * ((double)(long)t[2]! / Math.Max(1, (long)t[1]! + (long)t[2]!)));
        return new MaintenanceState(bytes, (long)dead, [.. tables.Where(t => (bool)t[3]! || (long)t[2]! > 0.2 * (long)t[1]! + 1000).Select(t => (string)t[0]!)], []);
    }

    /// <summary>B-tree indexes above a megabyte with less than half of what a fresh build of rows of their width would fill.</summary>
    static async Task<IReadOnlyList<string>> BloatedAsync(Database database, CancellationToken cancellation)
    {
        var rows = await QueryAsync(database, """
            SELECT format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid),
                   (c.reltuples * (8 + 4 + coalesce((SELECT sum(s.avg_width) FROM pg_attribute a JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname WHERE a.attrelid = t.oid AND a.attnum = ANY(i.indkey)), 16)) / 0.9)::bigint
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam
            WHERE i.indisvalid AND m.amname = 'btree' AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') AND pg_relation_size(c.oid) > 1048576
            """, cancellation).ConfigureAwait(false);
        return [.. rows.Where(r => (long)r[1]! > 2 * (long)r[2]!).Select(r => (string)r[0]!)];
    }

    /// <summary>SQLite: indexes of 16 pages or more that are less than half full, by the page counts of dbstat; all of them where the engine has no dbstat.</summary>
    static async Task<IReadOnlyList<string>> LooseAsync(Database database, CancellationToken cancellation)
    {
        try
        {
            return [.. (await QueryAsync(database, "SELECT s.name FROM dbstat s JOIN sqlite_master m ON m.name = s.name WHERE m.type = 'index' GROUP BY s.name HAVING count(*) >= 16 AND sum(s.unused) * 2 > sum(s.pgsize) ORDER BY s.name", cancellation).ConfigureAwait(false)).Select(r => (string)r[0]!)];
        }
        catch (SqliteException)
        {
            return [.. (await QueryAsync(database, "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name", cancellation).ConfigureAwait(false)).Select(r => (string)r[0]!)];
        }
    }

    static async Task<long> BytesAsync(Database database, CancellationToken cancellation) => database.Engine == DatabaseEngine.Sqlite
        ? Number(await QueryAsync(database, "SELECT (SELECT * FROM pragma_page_size) * (SELECT * FROM pragma_page_count)", cancellation).ConfigureAwait(false))
        : Number(await QueryAsync(database, "SELECT pg_database_size(current_database())", cancellation).ConfigureAwait(false));

    static string Qualified(TableInfo table) => (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(table.Name);

    static long Number(List<object?[]> rows) => Convert.ToInt64(rows[0][0], CultureInfo.InvariantCulture);

    static async Task<List<object?[]>> QueryAsync(Database database, string sql, CancellationToken cancellation)
    {
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var rows = await SqliteSchemaReader.QueryAsync(lease.Connection, sql, cancellation).ConfigureAwait(false);
            broken = false;
            return rows;
        }
        finally
        {
            lease.Return(broken);
        }
    }

    static async Task ExecuteAsync(Database database, string sql, CancellationToken cancellation)
    {
        var lease = await database.LeaseRawAsync(write: true, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            await using var command = lease.Connection.CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            broken = false;
        }
        finally
        {
            lease.Return(broken);
        }
    }
}
