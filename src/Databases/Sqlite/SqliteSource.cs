using System.Collections.Concurrent;
using System.Diagnostics;
using Fettle.Databases.Pools;
using Microsoft.Data.Sqlite;

namespace Fettle.Databases.Sqlite;

/// <summary>
/// One writer and N readers on a file in WAL mode. Writers queue on a gate in this process, so the engine's lock is contended only by
/// other processes, where its busy timeout waits; no statement of this process meets <c>database is locked</c>.
/// </summary>
internal sealed class SqliteSource(string file, DatabaseOptions options) : IConnectionSource
{
    readonly LeaseGate _reads = new("read", options.MaxConnections + options.Burst, options.AcquireTimeout);
    readonly LeaseGate _writes = new("write", 1, options.WriteTimeout);
    readonly ConcurrentStack<Idle> _readers = new();
    Idle? _writer;
    int _openReaders;
    int _openWriters;
    bool _walEnsured;
    bool _closed;

    public async ValueTask<Lease> OpenAsync(bool write, bool pooled, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(Database));
        var gate = write ? _writes : _reads;
        var since = await gate.EnterAsync(cancellation).ConfigureAwait(false);
        try
        {
            var idle = write ? TakeWriter(pooled) : TakeReader(pooled);
            idle ??= Connect(write);
            return new Lease(idle.Connection, pooled ? idle.Statements ??= new StatementCache() : null, (lease, broken) => GiveBack(lease, idle, write, pooled && !broken)) { Since = since };
        }
        catch
        {
            gate.Exit(since);
            throw;
        }
    }

    public IReadOnlyList<PoolStatistics> Statistics()
    {
        var now = Stopwatch.GetTimestamp();
        var readers = _readers.ToArray();
        var oldest = readers.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(readers.Min(r => r.Opened), now);
        return
        [
            _reads.Statistics(_openReaders, readers.Length, oldest),
            _writes.Statistics(_openWriters, _writer is null ? 0 : 1, _writer is { } w ? Stopwatch.GetElapsedTime(w.Opened, now) : TimeSpan.Zero),
        ];
    }

    public void Measure(PoolMeters meters) => _reads.Meters = _writes.Meters = meters;

    public ValueTask ClearAsync()
    {
        while (_readers.TryPop(out var idle))
        {
            Close(idle, write: false);
        }

        if (Interlocked.Exchange(ref _writer, null) is { } writer)
        {
            Close(writer, write: true);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _closed = true;
        await ClearAsync().ConfigureAwait(false);
        _reads.Dispose();
        _writes.Dispose();
    }

    Idle? TakeReader(bool pooled)
    {
        while (pooled && _readers.TryPop(out var idle))
        {
            if (Usable(idle))
            {
                return idle;
            }

            Close(idle, write: false);
        }

        return null;
    }

    Idle? TakeWriter(bool pooled)
    {
        if (Interlocked.Exchange(ref _writer, null) is not { } idle)
        {
            return null;
        }

        if (pooled && Usable(idle))
        {
            return idle;
        }

        Close(idle, write: true);
        return null;
    }

    bool Usable(Idle idle) => Stopwatch.GetElapsedTime(idle.Opened) < options.ConnectionLifetime
        && (Stopwatch.GetElapsedTime(idle.Returned) < options.HealthCheckAfter || Healthy(idle));

    /// <summary>A file that was replaced or removed under the connection must not go on being read.</summary>
    bool Healthy(Idle idle)
    {
        try
        {
            using var command = idle.Connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM sqlite_master WHERE 0";
            command.ExecuteScalar();
            return File.Exists(file);
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    void GiveBack(Lease lease, Idle idle, bool write, bool keep)
    {
        var gate = write ? _writes : _reads;
        try
        {
            idle.Returned = Stopwatch.GetTimestamp();
            if (keep && !_closed)
            {
                if (!write)
                {
                    _readers.Push(idle);
                    return;
                }

                if (Interlocked.CompareExchange(ref _writer, idle, null) is null)
                {
                    return;
                }
            }

            Close(idle, write);
        }
        finally
        {
            gate.Exit(lease.Since);
        }
    }

    Idle Connect(bool write)
    {
        SqliteEngine.Ensure();
        var exists = File.Exists(file);
        if (!exists && !write)
        {
            throw new FileNotFoundException($"database file '{file}' does not exist; a write lease creates it", file);
        }

        var readOnly = exists && !write && !Writable();
        var connection = Dial(readOnly ? SqliteOpenMode.ReadOnly : write ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite, write, readOnly);
        Interlocked.Increment(ref write ? ref _openWriters : ref _openReaders);
        return new Idle(connection) { Opened = Stopwatch.GetTimestamp() };
    }

    SqliteConnection Dial(SqliteOpenMode mode, bool write, bool readOnly)
    {
        var builder = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = mode,
            Cache = SqliteCacheMode.Private,
            Pooling = false,
            DefaultTimeout = (int)Math.Ceiling((write ? options.WriteTimeout : options.AcquireTimeout).TotalSeconds),
        };
        var connection = new SqliteConnection(builder.ToString());
        try
        {
            connection.Open();
            Run(connection, $"PRAGMA busy_timeout={(long)(write ? options.WriteTimeout : options.AcquireTimeout).TotalMilliseconds}");
            if (write && !_walEnsured)
            {
                Run(connection, "PRAGMA journal_mode=WAL");
                _walEnsured = true;
            }

            if (options.Pragmas is { } pragmas)
            {
                Run(connection, pragmas.Sql());
            }

            if (!write && !readOnly)
            {
                Run(connection, "PRAGMA query_only=ON");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    bool Writable()
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return true;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }

    void Close(Idle idle, bool write)
    {
        Interlocked.Decrement(ref write ? ref _openWriters : ref _openReaders);
        idle.Statements?.Dispose();
        idle.Connection.Dispose();
    }

    static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    sealed class Idle(SqliteConnection connection)
    {
        public SqliteConnection Connection => connection;

        public StatementCache? Statements { get; set; }

        public long Opened { get; init; }

        public long Returned { get; set; }
    }
}
