using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Fettle.Tuning.Targets;

/// <summary>What the tuner itself does to a database: run an action's statements, dump the schema, copy it. Never leaves a trace of its own in the schema.</summary>
internal static class TunedDatabase
{
    /// <summary>A copy is a database of its own: with its source's name it would share the source's entries in a second cache tier.</summary>
    static readonly string[] Rename = ["DROP TABLE IF EXISTS fettle_cache_identity"];

    /// <summary>The product's own bookkeeping, made by any service that writes: not part of what a rollback compares.</summary>
    const string OwnTables = "fettle\\_%";

    static readonly DatabaseOptions Options = new() { DataVersions = false, Recording = false, Pooling = false, WriteTimeout = TimeSpan.FromSeconds(60) };

    public static Database Open(DatabaseAddress address) => Database.Open(address, Options);

    /// <summary>Runs statements in order, each in its own transaction, as <c>CREATE INDEX CONCURRENTLY</c> demands.</summary>
    public static async Task ExecuteAsync(DatabaseAddress address, IEnumerable<string> statements, CancellationToken cancellation)
    {
        await using var database = Open(address);
        foreach (var statement in statements)
        {
            await using var connection = await database.OpenWriteAsync(cancellation);
            await using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.CommandTimeout = 3600;
            try
            {
                await command.ExecuteNonQueryAsync(cancellation);
            }
            catch (DbException e)
            {
                throw new TuningException($"{statement}: {e.Message}", e);
            }
        }
    }

    /// <summary>Every object of the schema, one a line, sorted: equal dumps mean equal schemas, byte for byte.</summary>
    public static async Task<string[]> SchemaAsync(DatabaseAddress address, CancellationToken cancellation)
    {
        const string Sqlite = """
            SELECT type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '') FROM sqlite_master
            WHERE name NOT LIKE '$own' ESCAPE '\' AND tbl_name NOT LIKE '$own' ESCAPE '\' ORDER BY 1
            """;
        const string Postgres = """
            SELECT 'column|' || table_schema || '.' || table_name || '|' || column_name || '|' || data_type || '|' || is_nullable || '|' || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name NOT LIKE '$own' ESCAPE '\'
            UNION ALL
            SELECT 'index|' || schemaname || '.' || tablename || '|' || indexname || '|' || indexdef
            FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename NOT LIKE '$own' ESCAPE '\'
            UNION ALL
            SELECT 'statistics|' || stxnamespace::regnamespace || '.' || stxname || '|' || stxrelid::regclass FROM pg_statistic_ext
            ORDER BY 1
            """;
        var sql = (address.Engine == DatabaseEngine.Sqlite ? Sqlite : Postgres).Replace("$own", OwnTables, StringComparison.Ordinal);
        var lines = await ColumnAsync(address, sql, cancellation);
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    /// <summary>Whether a line of a dump is a table that SQLite's ANALYZE made: the first index of a run makes it for all, so no single undo may drop it.</summary>
    public static bool IsStatistics(string line) => line.StartsWith("table|sqlite_stat", StringComparison.Ordinal);

    /// <summary>Drops the tables that ANALYZE made since a dump that had none.</summary>
    public static async Task DropNewStatisticsAsync(DatabaseAddress address, string[] before, CancellationToken cancellation)
    {
        var made = (await SchemaAsync(address, cancellation)).Where(IsStatistics).Except(before).Select(line => line.Split('|')[1]).ToArray();
        if (address.Engine == DatabaseEngine.Sqlite && made.Length > 0)
        {
            await ExecuteAsync(address, made.Select(name => $"DROP TABLE IF EXISTS {name}"), cancellation);
        }
    }

    /// <summary>The first column of a query as text.</summary>
    public static async Task<List<string>> ColumnAsync(DatabaseAddress address, string sql, CancellationToken cancellation)
    {
        await using var database = Open(address);
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 600;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var values = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            values.Add(reader.GetValue(0) switch
            {
                // As SQLite stores dates, whatever the culture.
                DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                DateTime date => date.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                var value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            });
        }

        return values;
    }

    /// <summary>
    /// A copy that nobody else uses: page by page for SQLite (the backup interface reads a consistent state under writers), from a template for PostgreSQL
    /// (which refuses while others are connected to the source).
    /// </summary>
    /// <param name="source">The user's database; only read.</param>
    /// <param name="folder">The run's scratch folder (SQLite).</param>
    /// <param name="name">Name of the copy, letters and digits.</param>
    /// <param name="cancellation">Stops before the copy begins.</param>
    public static async Task<DatabaseAddress> CopyAsync(DatabaseAddress source, string folder, string name, CancellationToken cancellation)
    {
        if (source.Engine == DatabaseEngine.Sqlite)
        {
            var file = Path.Combine(folder, name + ".db");
            await using var database = Open(source);
            await using var lease = await database.OpenReadAsync(cancellation);
            await using (var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ConnectionString))
            {
                await copy.OpenAsync(cancellation);
                ((SqliteConnection)Database.Unwrap(lease)).BackupDatabase(copy);
            }

            var made = DatabaseAddress.Parse("sqlite:" + file);
            await ExecuteAsync(made, Rename, cancellation);
            return made;
        }

        var target = CopyAddress(source, name);
        try
        {
            await ExecuteAsync(Maintenance(source), [$"DROP DATABASE IF EXISTS \"{NameOf(target)}\" WITH (FORCE)", $"CREATE DATABASE \"{NameOf(target)}\" TEMPLATE \"{NameOf(source)}\""], cancellation);
            await ExecuteAsync(target, Rename, cancellation);
        }
        catch (TuningException e)
        {
            throw new TuningException($"cannot copy {source}: {e.Message}; stop what is connected to it, and let the role create databases", e);
        }

        return target;
    }

    /// <summary>Where <see cref="CopyAsync"/> puts a copy of a PostgreSQL database.</summary>
    public static DatabaseAddress CopyAddress(DatabaseAddress source, string name)
    {
        var builder = new NpgsqlConnectionStringBuilder(source.Value);
        builder.Database = $"{NameOf(source)}_fettle_{name}";
        return DatabaseAddress.Parse("postgres:" + builder.ConnectionString);
    }

    /// <summary>Removes a copy; a missing one is no error.</summary>
    public static async Task DropCopyAsync(DatabaseAddress copy)
    {
        if (copy.Engine == DatabaseEngine.Postgres)
        {
            await ExecuteAsync(Maintenance(copy), [$"DROP DATABASE IF EXISTS \"{NameOf(copy)}\" WITH (FORCE)"], CancellationToken.None);
            return;
        }

        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(copy.Value + suffix);
        }
    }

    /// <summary>The address as a child process takes it, secrets included.</summary>
    public static string Argument(DatabaseAddress address) =>
        (address.Engine == DatabaseEngine.Sqlite ? "sqlite:" : "postgres:") + address.Value;

    static string NameOf(DatabaseAddress address)
    {
        var builder = new NpgsqlConnectionStringBuilder(address.Value);
        return builder.Database ?? builder.Username ?? "postgres";
    }

    static DatabaseAddress Maintenance(DatabaseAddress address) =>
        DatabaseAddress.Parse("postgres:" + new NpgsqlConnectionStringBuilder(address.Value) { Database = "postgres" }.ConnectionString);
}
