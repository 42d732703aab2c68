using System.Diagnostics.Metrics;
using Fettle.Databases.Pools;

namespace Fettle.Databases;

/// <summary>
/// The instruments of a database's pools under OpenTelemetry's names; every one carries <c>db.client.connection.pool.name</c>
/// (<c>read</c>, <c>write</c>, or <c>connections</c> on PostgreSQL). The names are part of the public interface.
/// </summary>
public sealed class PoolMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Fettle.Databases";

    /// <summary>Open connections by <c>db.client.connection.state</c>: <c>used</c> or <c>idle</c>.</summary>
    public const string Connections = "db.client.connection.count";

    /// <summary>Connections allowed at once.</summary>
    public const string Limit = "db.client.connection.max";

    /// <summary>Callers in line.</summary>
    public const string Waiting = "db.client.connection.pending_requests";

    /// <summary>Callers that waited in vain.</summary>
    public const string Timeouts = "db.client.connection.timeouts";

    /// <summary>Seconds from asking for a connection to having it: a histogram.</summary>
    public const string WaitTime = "db.client.connection.wait_time";

    /// <summary>Seconds from having a connection to giving it back: a histogram.</summary>
    public const string UseTime = "db.client.connection.use_time";

    /// <summary>Age of the oldest open connection in seconds.</summary>
    public const string Age = "fettle.db.connection.age";

    readonly Meter _meter = new(MeterName);

    internal PoolMeters(Func<IReadOnlyList<PoolStatistics>> pools)
    {
        IEnumerable<Measurement<T>> Each<T>(Func<PoolStatistics, T> value)
            where T : struct => pools().Select(p => new Measurement<T>(value(p), Tag(p.Name)));
        _meter.CreateObservableUpDownCounter(Connections, () => pools().SelectMany(p => new[] { State(p, "used", p.InUse), State(p, "idle", p.Idle) }), "{connection}", "Connections by state");
        _meter.CreateObservableUpDownCounter(Limit, () => Each(p => p.Limit), "{connection}", "Connections allowed at once");
        _meter.CreateObservableUpDownCounter(Waiting, () => Each(p => p.Waiting), "{request}", "Callers in line for a connection");
        _meter.CreateObservableCounter(Timeouts, () => Each(p => p.Timeouts), "{timeout}", "Callers that waited in vain");
        _meter.CreateObservableGauge(Age, () => Each(p => p.OldestSeconds), "s", "Age of the oldest open connection");
        Wait = _meter.CreateHistogram<double>(WaitTime, "s", "Time to a connection");
        Use = _meter.CreateHistogram<double>(UseTime, "s", "Time a connection was in use");
    }

    internal Histogram<double> Wait { get; }

    internal Histogram<double> Use { get; }

    internal static KeyValuePair<string, object?> Tag(string pool) => new("db.client.connection.pool.name", pool);

    /// <summary>Removes the instruments.</summary>
    public void Dispose() => _meter.Dispose();

    static Measurement<int> State(PoolStatistics pool, string state, int count) => new(count, Tag(pool.Name), new("db.client.connection.state", state));
}
