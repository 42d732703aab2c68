using System.Data.Common;
using Fettle.Databases.Pools;
using Fettle.Databases.Postgres;
using Fettle.Databases.Recording;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>
/// An open database: pooled leases, a recorder of everything that runs through them, and data versions that writes raise.
/// One per process and address; safe for concurrent use.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    readonly IConnectionSource _source;
    readonly PoolMeters _meters;

    Database(DatabaseAddress address, DatabaseOptions options)
    {
        Address = address;
        Options = options;
        Pooling = options.Pooling;
        Recorder = new QueryRecorder(address.Engine, new SlowQueryLog(options.SlowThreshold, options.Time), options.Recording);
        _source = address.Engine == DatabaseEngine.Sqlite ? new SqliteSource(address.Value, options) : new PostgresSource(address.Value, options);
        _meters = new PoolMeters(_source.Statistics);
        _source.Measure(_meters);
        Versions = new DataVersions(this, options.DataVersions, options.Time);
    }

    /// <summary>Which engine serves.</summary>
    public DatabaseEngine Engine => Address.Engine;

    /// <summary>Where the database is.</summary>
    public DatabaseAddress Address { get; }

    /// <summary>What runs through the leases of this database.</summary>
    public QueryRecorder Recorder { get; }

    /// <summary>One counter per table, raised in the transaction of each write made through <see cref="OpenWriteAsync"/>.</summary>
    public DataVersions Versions { get; }

    /// <summary>
    /// Whether leases come from the pool with their prepared statements. False opens a connection for every lease and prepares
    /// every statement anew, which is what an untuned service does. May be toggled while leases are out.
    /// </summary>
    public bool Pooling { get; set; }

    /// <summary>The pools' gauges and counters: one for each pool of the engine.</summary>
    public IReadOnlyList<PoolStatistics> Pools => _source.Statistics();

    internal DatabaseOptions Options { get; }

    /// <summary>Opens a database. Nothing is connected before the first lease.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="options">Copied; null takes the defaults.</param>
    public static Database Open(DatabaseAddress address, DatabaseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new Database(address, options is null ? new DatabaseOptions() : options with { });
    }

    /// <summary>Leases an open connection for reading; disposing it gives it back. A writing statement on it is refused.</summary>
    /// <exception cref="PoolExhaustedException">None became free within <see cref="DatabaseOptions.AcquireTimeout"/>.</exception>
    public async ValueTask<DbConnection> OpenReadAsync(CancellationToken cancellation = default) =>
        new RecordedConnection(this, await _source.OpenAsync(write: false, Pooling, cancellation).ConfigureAwait(false), write: false);

    /// <summary>
    /// Leases an open connection for writing; disposing it gives it back and rolls back what was not committed.
    /// SQLite has one writer: others wait in line, at most <see cref="DatabaseOptions.WriteTimeout"/>.
    /// </summary>
    /// <exception cref="PoolExhaustedException">None became free in time.</exception>
    public async ValueTask<DbConnection> OpenWriteAsync(CancellationToken cancellation = default)
    {
        await Versions.EnsureTableAsync(cancellation).ConfigureAwait(false);
        return new RecordedConnection(this, await _source.OpenAsync(write: true, Pooling, cancellation).ConfigureAwait(false), write: true);
    }

    /// <summary>Closes idle connections: the next leases are new ones.</summary>
    public ValueTask ClearPoolAsync() => _source.ClearAsync();

    /// <summary>The driver's own connection behind a lease, for what only it can do (COPY, backup, functions).</summary>
    /// <exception cref="ArgumentException">The connection is not a lease of a <see cref="Database"/>.</exception>
    public static DbConnection Unwrap(DbConnection lease) => lease is RecordedConnection recorded
        ? recorded.Inner
        : throw new ArgumentException("the connection is not a lease of a Database", nameof(lease));

    /// <summary>The engine with its version, for instance <c>SQLite 3.40.1 (system)</c> or <c>PostgreSQL 15.5</c>.</summary>
    public async Task<string> DescribeEngineAsync(CancellationToken cancellation = default)
    {
        if (Engine == DatabaseEngine.Sqlite)
        {
            return $"SQLite {SqliteEngine.Version} ({SqliteEngine.Source})";
        }

        var lease = await LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        try
        {
            return $"PostgreSQL {lease.Connection.ServerVersion}";
        }
        finally
        {
            lease.Return(broken: false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _meters.Dispose();
        return _source.DisposeAsync();
    }

    internal async Task<Schema.DatabaseSchema> ReadSchemaAsync(bool sizes, CancellationToken cancellation)
    {
        var lease = await LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var schema = await Schema.SchemaReader.ReadAsync(Engine, lease.Connection, sizes, cancellation).ConfigureAwait(false);
            broken = false;
            return schema;
        }
        finally
        {
            lease.Return(broken);
        }
    }

    /// <summary>A lease that is neither recorded nor versioned: for the library's own statements.</summary>
    internal ValueTask<Lease> LeaseRawAsync(bool write, CancellationToken cancellation, bool pooled = true) => _source.OpenAsync(write, pooled, cancellation);
}
