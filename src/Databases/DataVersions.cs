using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;

namespace Fettle.Databases;

/// <summary>
/// One counter per table in the table <c>fettle_data_versions</c>, raised in the transaction of each write and mirrored in memory when
/// the transaction has committed. A cache that carries the counter of its tables in its keys can serve nothing older than a
/// committed write of this process; writes of other processes show after <see cref="RefreshAsync"/>.
/// </summary>
public sealed class DataVersions
{
    internal const string Table = "fettle_data_versions";
    readonly ConcurrentDictionary<string, long> _seen = new(StringComparer.OrdinalIgnoreCase);
    readonly Database _database;
    readonly TimeProvider _time;
    readonly SemaphoreSlim _once = new(1, 1);
    long _refreshed;
    bool _ready;

    internal DataVersions(Database database, bool enabled, TimeProvider time)
    {
        _database = database;
        _time = time;
        Enabled = enabled;
    }

    /// <summary>Whether writes raise counters.</summary>
    public bool Enabled { get; }

    /// <summary>The counter of a table as last seen by this process; 0 before its first versioned write.</summary>
    public long Get(string table) => _seen.GetValueOrDefault(table);

    /// <summary>The counters of several tables as one text, fit for a cache key.</summary>
    public string Stamp(IEnumerable<string> tables) =>
        string.Join(',', tables.Order(StringComparer.OrdinalIgnoreCase).Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.ToLowerInvariant()}:{Get(t)}")));

    /// <summary>Reads the counters from the database when the last reading is older than <paramref name="maxAge"/>.</summary>
    /// <param name="maxAge">Staleness accepted towards writes of other processes; zero always reads.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    public async ValueTask RefreshAsync(TimeSpan maxAge, CancellationToken cancellation = default)
    {
        var last = Volatile.Read(ref _refreshed);
        if (!Enabled || (last != 0 && _time.GetElapsedTime(last) <= maxAge && maxAge > TimeSpan.Zero))
        {
            return;
        }

        await EnsureTableAsync(cancellation).ConfigureAwait(false);
        var now = _time.GetTimestamp();
        var lease = await _database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            await using var command = lease.Connection.CreateCommand();
            command.CommandText = $"SELECT name, version FROM {Table}";
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                Saw(reader.GetString(0), reader.GetInt64(1));
            }

            broken = false;
        }
        finally
        {
            lease.Return(broken);
        }

        Volatile.Write(ref _refreshed, now);
    }

    internal async ValueTask EnsureTableAsync(CancellationToken cancellation)
    {
        if (!Enabled || _ready)
        {
            return;
        }

        await _once.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_ready)
            {
                return;
            }

            var lease = await _database.LeaseRawAsync(write: true, cancellation).ConfigureAwait(false);
            var broken = true;
            try
            {
                await using var command = lease.Connection.CreateCommand();
                command.CommandText = _database.Engine == DatabaseEngine.Sqlite
                    ? $"CREATE TABLE IF NOT EXISTS {Table}(name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"
                    : $"DO $$ BEGIN PERFORM pg_advisory_xact_lock(7338241); CREATE TABLE IF NOT EXISTS {Table}(name text PRIMARY KEY, version bigint NOT NULL) WITH (fillfactor = 50); END $$";
                await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                broken = false;
            }
            finally
            {
                lease.Return(broken);
            }

            _ready = true;
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>Raises the counters on the writing connection, inside its open transaction; publish what it returns after the commit.</summary>
    internal async Task<List<(string Table, long Version)>> RaiseAsync(DbConnection connection, DbTransaction? transaction, IReadOnlyCollection<string> tables)
    {
        var raised = new List<(string, long)>(tables.Count);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        // Sorted, so that two transactions take the row locks in one order.
        foreach (var table in tables.Select(t => t.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal))
        {
            command.Parameters.Clear();
            command.CommandText = $"INSERT INTO {Table}(name, version) VALUES (@name, 1) ON CONFLICT(name) DO UPDATE SET version = {Table}.version + 1 RETURNING version";
            var parameter = command.CreateParameter();
            parameter.ParameterName = "name";
            parameter.Value = table;
            command.Parameters.Add(parameter);
            raised.Add((table, Convert.ToInt64(await command.ExecuteScalarAsync().ConfigureAwait(false), CultureInfo.InvariantCulture)));
        }

        return raised;
    }

    internal void Publish(List<(string Table, long Version)> raised)
    {
        foreach (var (table, version) in raised)
        {
            Saw(table, version);
        }
    }

    void Saw(string table, long version) => _seen.AddOrUpdate(table, version, (_, seen) => Math.Max(seen, version));
}
