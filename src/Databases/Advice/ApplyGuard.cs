using System.Globalization;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>What must hold before an action runs, and the session settings under which it may; executed by the tuning loop.</summary>
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

    /// <summary>Reasons not to apply the actions now; empty when there is none.</summary>
    /// <param name="database">Where they would run.</param>
    /// <param name="actions">What would run.</param>
    /// <param name="cancellation">Stops the checks.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(Database database, IReadOnlyList<DatabaseAction> actions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(actions);
        var problems = new List<string>();
        var bytes = actions.Sum(a => a.Evidence.Bytes);
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            // The build sorts into temporary files and the log holds every new page until the checkpoint.
            try
            {
                RequireSpace(Path.GetDirectoryName(database.Address.Value)!, bytes * 3);
            }
            catch (IOException e)
            {
                problems.Add(e.Message);
            }

            return problems;
        }

        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var invalid = await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid", cancellation).ConfigureAwait(false);
            problems.AddRange(invalid.Select(i => $"index {i[0]} is left invalid by an interrupted build; drop it first (fettle db maintain drops those that Fettle made)"));
            var old = await SqliteSchemaReader.QueryAsync(lease.Connection, "SELECT pid, extract(epoch FROM now() - xact_start)::int FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() - interval '1 minute' AND pid <> pg_backend_pid()", cancellation).ConfigureAwait(false);
            problems.AddRange(old.Select(o => $"the transaction of process {o[0]} is open for {o[1]} s: a concurrent index build would wait for its end"));
            var locked = await SqliteSchemaReader.QueryAsync(lease.Connection, string.Create(CultureInfo.InvariantCulture, $"SELECT CASE WHEN pg_try_advisory_lock({AdvisoryLock}) THEN NOT pg_advisory_unlock({AdvisoryLock}) ELSE true END"), cancellation).ConfigureAwait(false);
            if (locked[0][0] is true)
            {
                problems.Add("another tuner holds the advisory lock of this database; wait for it to end");
            }

            broken = false;
            return problems;
        }
        finally
        {
            lease.Return(broken);
        }
    }

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
