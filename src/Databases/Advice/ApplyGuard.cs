using System.Globalization;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>What must hold before an action runs, and the session settings under which it may; executed by <see cref="ApplySession"/>.</summary>
public static class ApplyGuard
{
    /// <summary>The key of PostgreSQL's advisory lock that keeps two tuners from working at once.</summary>
    public const long AdvisoryLock = 0x466574746c65; // "Fettle"

    /// <summary>
    /// Statements for the session that applies actions: an action waits at most 2 s for a lock, so that it never stands at the head of a queue
    /// of blocked requests, and gives up after the limit.
    /// </summary>
    /// <param name="engine">Whose session.</param>
    /// <param name="limit">Longest run of one statement. 1 s–24 h.</param>
    public static IReadOnlyList<string> Session(DatabaseEngine engine, TimeSpan limit)
    {
        Throw.IfOutside(limit, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
        return engine == DatabaseEngine.Postgres
            ? ["SET lock_timeout = '2s'", string.Create(CultureInfo.InvariantCulture, $"SET statement_timeout = '{limit.TotalSeconds:0}s'")]
            : ["PRAGMA busy_timeout=5000"];
    }

    /// <summary>Most indexes of Fettle's making in one database, unless asked otherwise.</summary>
    public const int IndexBudget = 20;

    /// <summary>As the other overload, with the budget of <see cref="IndexBudget"/> indexes.</summary>
    /// <param name="database">Where they would run.</param>
    /// <param name="actions">What would run.</param>
    /// <param name="cancellation">Stops the checks.</param>
    public static Task<IReadOnlyList<string>> CheckAsync(Database database, IReadOnlyList<DatabaseAction> actions, CancellationToken cancellation = default) => CheckAsync(database, actions, IndexBudget, cancellation);

    /// <summary>Reasons not to apply the actions now; empty when there is none.</summary>
    /// <param name="database">Where they would run.</param>
    /// <param name="actions">What would run.</param>
    /// <param name="most">Most indexes of Fettle's making, those that exist included. 0–1,000.</param>
    /// <param name="cancellation">Stops the checks.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(Database database, IReadOnlyList<DatabaseAction> actions, int most, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(actions);
        Throw.IfOutside(most, 0, 1_000);
        var problems = new List<string>();
        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        var made = schema.Tables.Values.SelectMany(t => t.Indexes).Select(i => i.Name).Where(n => n.StartsWith("fettle_", StringComparison.Ordinal)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        made.UnionWith(actions.Where(a => a.Id.StartsWith("index.", StringComparison.Ordinal)).Select(a => a.Evidence.Object));
        if (made.Count > most)
        {
            problems.Add($"{made.Count} indexes of Fettle's making would exist, {most} are allowed; drop some (fettle db indexes shows the unused), apply fewer, or allow more");
        }

        var bytes = actions.Sum(a => a.Evidence.Bytes);
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            Sqlite(database, bytes, problems);
        }
        else
        {
            await PostgresAsync(database, bytes, problems, cancellation).ConfigureAwait(false);
        }

        return problems;
    }

    /// <summary>Whether the index, or the table of a join, that an action makes is there and valid: then it is not the action's to make or to drop.</summary>
    /// <param name="database">Where it would run.</param>
    /// <param name="action">What would run.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<bool> ExistsAsync(Database database, DatabaseAction action, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(action);
        var joins = action.Rewritten is not null;
        if (!joins && !action.Do[0].StartsWith("CREATE", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var schema = await database.ReadSchemaAsync(sizes: false, cancellation).ConfigureAwait(false);
        return joins ? schema.Tables.ContainsKey(action.Evidence.Object) : schema.Tables.Values.SelectMany(t => t.Indexes).Any(i => i.Valid && i.Name.Equals(action.Evidence.Object, StringComparison.OrdinalIgnoreCase));
    }

    static void Sqlite(Database database, long bytes, List<string> problems)
    {
        var file = database.Address.Value;
        try
        {
            using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
            {
            }

            // The build sorts into temporary files and the log holds every new page until the checkpoint.
            RequireSpace(Path.GetDirectoryName(file)!, bytes * 3);
        }
        catch (UnauthorizedAccessException)
        {
            problems.Add($"'{file}' cannot be written by this user; nothing can be applied to a read-only file");
        }
        catch (IOException e)
        {
            problems.Add(e.Message);
        }
    }

    static async Task PostgresAsync(Database database, long bytes, List<string> problems, CancellationToken cancellation)
    {
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var invalid = await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid", cancellation).ConfigureAwait(false);
            problems.AddRange(invalid.Select(i => $"index {i[0]} is left invalid by an interrupted build; drop it first (fettle db maintain drops those that Fettle made)"));
            var old = await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT pid, extract(epoch FROM now() - xact_start)::int FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() - interval '1 minute' AND pid <> pg_backend_pid() AND backend_type = 'client backend'", cancellation).ConfigureAwait(false);
            problems.AddRange(old.Select(o => $"the transaction of process {o[0]} is open for {o[1]} s: a concurrent index build would wait for its end"));

            // The folder is the server's: it can be measured only where the server is this machine and tells it.
            var folder = (await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'member') THEN current_setting('data_directory', true) END", cancellation).ConfigureAwait(false))[0][0] as string;
            if (folder is not null && IsLocal(lease.Connection.DataSource) && Directory.Exists(folder))
            {
                try
                {
                    RequireSpace(folder, bytes * 2);
                }
                catch (IOException e)
                {
                    problems.Add(e.Message);
                }
            }

            broken = false;
        }
        finally
        {
            lease.Return(broken);
        }
    }

    static bool IsLocal(string source) => source.Contains("127.0.0.1", StringComparison.Ordinal) || source.Contains("localhost", StringComparison.Ordinal) || source.Contains("::1", StringComparison.Ordinal) || source.StartsWith('/');

    /// <exception cref="IOException">The file system has less room than needed and a tenth.</exception>
    internal static void RequireSpace(string folder, long bytes)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < bytes + bytes / 10)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"'{folder}' has {free >> 20} MB free and {(bytes + bytes / 10) >> 20} MB are needed; free some space first"));
        }
    }
}
