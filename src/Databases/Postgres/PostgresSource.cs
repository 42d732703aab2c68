using System.Collections.Concurrent;
using System.Diagnostics;
using Fettle.Databases.Pools;
using Npgsql;

namespace Fettle.Databases.Postgres;

/// <summary>
/// Two Npgsql data sources behind one gate: one that pools and prepares, and one that opens a connection per lease.
/// Npgsql keeps the physical connections; the gate bounds, times out and counts.
/// </summary>
internal sealed class PostgresSource : IConnectionSource
{
    readonly DatabaseOptions _options;
    readonly NpgsqlDataSource _pooled;
    readonly NpgsqlDataSource _fresh;
    readonly LeaseGate _gate;
    readonly ConcurrentDictionary<int, (long Opened, long LastUsed)> _known = new();

    public PostgresSource(string connectionString, DatabaseOptions options)
    {
        _options = options;
        var most = options.MaxConnections + options.Burst;
        _gate = new LeaseGate("connections", most, options.AcquireTimeout);
        var pooled = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = true,
            MinPoolSize = Math.Min(options.MinConnections, most),
            MaxPoolSize = most + 1, // one spare, so that Npgsql's own limit is never the one that is met
            ConnectionLifetime = (int)options.ConnectionLifetime.TotalSeconds,
            ConnectionIdleLifetime = 300,
            MaxAutoPrepare = 128,
            AutoPrepareMinUsages = 2,
        };
        pooled.ApplicationName ??= "fettle";
        var fresh = new NpgsqlConnectionStringBuilder(pooled.ConnectionString) { Pooling = false, MaxAutoPrepare = 0 };
        _pooled = NpgsqlDataSource.Create(pooled.ConnectionString);
        _fresh = NpgsqlDataSource.Create(fresh.ConnectionString);
    }

    public async ValueTask<Lease> OpenAsync(bool write, bool pooled, CancellationToken cancellation)
    {
        var since = await _gate.EnterAsync(cancellation).ConfigureAwait(false);
        try
        {
            var connection = pooled ? await OpenHealthyAsync(cancellation).ConfigureAwait(false) : await _fresh.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            return new Lease(connection, statements: null, (lease, broken) => GiveBack(lease, broken)) { Since = since };
        }
        catch
        {
            _gate.Exit(since);
            throw;
        }
    }

    public IReadOnlyList<PoolStatistics> Statistics()
    {
        var now = Stopwatch.GetTimestamp();
        var known = _known.Values.ToArray();
        var oldest = known.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(known.Min(k => k.Opened), now);
        return [_gate.Statistics(known.Length, Math.Max(0, known.Length - _gate.InUse), oldest)];
    }

    public void Measure(PoolMeters meters) => _gate.Meters = meters;

    public ValueTask ClearAsync()
    {
        _pooled.Clear();
        _known.Clear();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _pooled.DisposeAsync().ConfigureAwait(false);
        await _fresh.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    /// <summary>A connection that rested longer than the limit answers a trivial statement first; a dead one is dropped and the next tried.</summary>
    async ValueTask<NpgsqlConnection> OpenHealthyAsync(CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            var connection = await _pooled.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            var now = Stopwatch.GetTimestamp();
            var seen = _known.TryGetValue(connection.ProcessID, out var times);
            if (!seen || Stopwatch.GetElapsedTime(times.LastUsed, now) < _options.HealthCheckAfter)
            {
                _known[connection.ProcessID] = (seen ? times.Opened : now, now);
                return connection;
            }

            try
            {
                await using var probe = new NpgsqlCommand("SELECT 1", connection);
                await probe.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                _known[connection.ProcessID] = (times.Opened, now);
                return connection;
            }
            catch (NpgsqlException) when (attempt < _options.MaxConnections + _options.Burst)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                Forget();
            }
        }
    }

    /// <summary>Ids of processes that are surely gone; a stale one only makes a gauge too high for a while.</summary>
    void Forget()
    {
        foreach (var (id, times) in _known)
        {
            if (Stopwatch.GetElapsedTime(times.LastUsed) >= _options.HealthCheckAfter)
            {
                _known.TryRemove(id, out _);
            }
        }
    }

    void GiveBack(Lease lease, bool broken)
    {
        try
        {
            var connection = (NpgsqlConnection)lease.Connection;
            if (!broken && connection.FullState == System.Data.ConnectionState.Open && _known.TryGetValue(connection.ProcessID, out var times))
            {
                _known[connection.ProcessID] = (times.Opened, Stopwatch.GetTimestamp());
            }

            connection.Dispose();
        }
        finally
        {
            _gate.Exit(lease.Since);
        }
    }
}
