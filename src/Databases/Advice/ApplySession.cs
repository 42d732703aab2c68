using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Fettle.Databases.Pools;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>What one statement of an action did to others.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="Milliseconds">How long it ran.</param>
/// <param name="WaitedMilliseconds">How long it waited for a lock (PostgreSQL, sampled every 20 ms).</param>
/// <param name="BlockedMilliseconds">
/// How long it made others wait: on PostgreSQL the time in which a session waited for this one, sampled; on SQLite the whole time of a statement
/// that writes, in which other writers stand in line while readers go on.
/// </param>
public sealed record AppliedStatement(string Sql, double Milliseconds, double WaitedMilliseconds, double BlockedMilliseconds);

/// <summary>
/// The one session that applies actions: it holds the advisory lock of PostgreSQL, waits briefly for locks, gives up after a limit, and measures
/// the locks it takes. When its process dies, the server ends it within a second, so that no build goes on unseen.
/// </summary>
public sealed class ApplySession : IAsyncDisposable
{
    readonly Database _database;
    readonly Lease _lease;
    readonly int _backend;

    ApplySession(Database database, Lease lease, int backend)
    {
        _database = database;
        _lease = lease;
        _backend = backend;
    }

    /// <summary>Opens the session and takes the advisory lock.</summary>
    /// <param name="database">Where actions run.</param>
    /// <param name="limit">Longest run of one statement. 1 s–24 h.</param>
    /// <param name="patience">Longest wait for another tuner's end, for instance of one that was killed a moment ago. 0–1 h.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="InvalidOperationException">Another tuner holds the lock.</exception>
    public static async Task<ApplySession> OpenAsync(Database database, TimeSpan limit, TimeSpan patience, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        Throw.IfOutside(patience, TimeSpan.Zero, TimeSpan.FromHours(1));
        var lease = await database.LeaseRawAsync(write: true, cancellation).ConfigureAwait(false);
        try
        {
            var backend = 0;
            if (database.Engine == DatabaseEngine.Postgres)
            {
                backend = ((Npgsql.NpgsqlConnection)lease.Connection).ProcessID;
                await RunAsync(lease.Connection, "SET client_connection_check_interval = '500ms'", cancellation).ConfigureAwait(false);
                await LockAsync(lease.Connection, patience, cancellation).ConfigureAwait(false);
            }

            foreach (var statement in ApplyGuard.Session(database.Engine, limit))
            {
                await RunAsync(lease.Connection, statement, cancellation).ConfigureAwait(false);
            }

            return new ApplySession(database, lease, backend);
        }
        catch
        {
            lease.Return(broken: true);
            throw;
        }
    }

    /// <summary>Runs one statement outside a transaction and measures what it held up.</summary>
    /// <exception cref="DbException">The engine refused it, a limit was reached, or the connection is lost.</exception>
    public async Task<AppliedStatement> ExecuteAsync(string sql, CancellationToken cancellation = default)
    {
        var start = Stopwatch.GetTimestamp();
        if (_database.Engine == DatabaseEngine.Sqlite)
        {
            await RunOrRollBackAsync(sql, cancellation).ConfigureAwait(false);
            var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            return new AppliedStatement(sql, took, 0, sql.StartsWith("PRAGMA", StringComparison.OrdinalIgnoreCase) && !sql.Contains(';', StringComparison.Ordinal) ? 0 : took);
        }

        var (waited, blocked) = (0.0, 0.0);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watch = WatchAsync((seconds, waits, blocks) =>
        {
            waited += waits ? seconds * 1000 : 0;
            blocked += blocks ? seconds * 1000 : 0;
        }, done.Token);
        try
        {
            await RunAsync(_lease.Connection, sql, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await watch.ConfigureAwait(false);
        }

        return new AppliedStatement(sql, Stopwatch.GetElapsedTime(start).TotalMilliseconds, waited, blocked);
    }

    /// <summary>Drops invalid indexes that an interrupted build of Fettle left (PostgreSQL); those of others are never touched.</summary>
    /// <returns>Names of the dropped.</returns>
    public async Task<IReadOnlyList<string>> DropLeftoversAsync(CancellationToken cancellation = default)
    {
        if (_database.Engine != DatabaseEngine.Postgres)
        {
            return [];
        }

        var left = await SqliteSchemaReader.QueryAsync(_lease.Connection, "SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relname LIKE 'fettle\\_%'", cancellation).ConfigureAwait(false);
        foreach (var index in left)
        {
            await RunAsync(_lease.Connection, $"DROP INDEX CONCURRENTLY IF EXISTS {SqlKeywords.Quote((string)index[0]!)}.{SqlKeywords.Quote((string)index[1]!)}", cancellation).ConfigureAwait(false);
        }

        return [.. left.Select(i => (string)i[1]!)];
    }

    /// <summary>Ends the session and with it its lock.</summary>
    public async ValueTask DisposeAsync()
    {
        var broken = true;
        try
        {
            if (_database.Engine == DatabaseEngine.Postgres)
            {
                // The pool resets a connection only when it is next used: the lock must end now.
                await RunAsync(_lease.Connection, "SELECT pg_advisory_unlock_all(); RESET ALL", CancellationToken.None).ConfigureAwait(false);
            }

            broken = false;
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            // A lost session has lost its lock.
        }
        finally
        {
            _lease.Return(broken);
        }
    }

    static async Task LockAsync(DbConnection connection, TimeSpan patience, CancellationToken cancellation)
    {
        // The server waits, not this process: lock_timeout bounds it.
        var milliseconds = Math.Max(1, (long)patience.TotalMilliseconds);
        await RunAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SET lock_timeout = {milliseconds}"), cancellation).ConfigureAwait(false);
        try
        {
            await RunAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_lock({ApplyGuard.AdvisoryLock})"), cancellation).ConfigureAwait(false);
        }
        catch (DbException e) when (e.SqlState == "55P03")
        {
            throw new InvalidOperationException("another tuner holds the advisory lock of this database; wait for it to end, then try again", e);
        }
    }

    async Task WatchAsync(Action<double, bool, bool> seen, CancellationToken done)
    {
        try
        {
            var lease = await _database.LeaseRawAsync(write: false, done).ConfigureAwait(false);
            var broken = true;
            try
            {
                var last = Stopwatch.GetTimestamp();
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
                while (await timer.WaitForNextTickAsync(done).ConfigureAwait(false))
                {
                    var row = (await SqliteSchemaReader.QueryAsync(lease.Connection, string.Create(CultureInfo.InvariantCulture, $"SELECT cardinality(pg_blocking_pids({_backend})) > 0, EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {_backend} = ANY(pg_blocking_pids(pid)))"), done).ConfigureAwait(false))[0];
                    var now = Stopwatch.GetTimestamp();
                    seen(Stopwatch.GetElapsedTime(last, now).TotalSeconds, (bool)row[0]!, (bool)row[1]!);
                    last = now;
                }

                broken = false;
            }
            finally
            {
                lease.Return(broken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or DbException or PoolExhaustedException)
        {
            // The watch ends with its statement, or with the server; the statement itself tells.
        }
    }

    /// <summary>A text with its own BEGIN leaves its transaction open where it fails, and the undo on another connection would wait for it.</summary>
    async Task RunOrRollBackAsync(string sql, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(_lease.Connection, sql, cancellation).ConfigureAwait(false);
        }
        catch
        {
            try
            {
                await RunAsync(_lease.Connection, "ROLLBACK", CancellationToken.None).ConfigureAwait(false);
            }
            catch (DbException)
            {
                // None was open, or the engine has rolled it back itself.
            }

            throw;
        }
    }

    static async Task RunAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        // PostgreSQL's own limits bound it; on SQLite this is how long a lock of another process is waited for.
        command.CommandTimeout = connection is Npgsql.NpgsqlConnection ? 0 : 5;
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
