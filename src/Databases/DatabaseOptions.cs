namespace Fettle.Databases;

/// <summary>How a <see cref="Database"/> pools, records and versions. Copied when the database is opened.</summary>
public sealed record DatabaseOptions
{
    /// <summary>Most read connections kept; SQLite readers or PostgreSQL connections in all. Default 20; 1–1,000.</summary>
    public int MaxConnections { get; set => field = Throw.IfOutside(value, 1, 1_000); } = 20;

    /// <summary>Connections beyond <see cref="MaxConnections"/> allowed in a burst. Default 10; 0–1,000.</summary>
    public int Burst { get; set => field = Throw.IfOutside(value, 0, 1_000); } = 10;

    /// <summary>Connections kept open when idle (PostgreSQL). Default 2; 0–1,000.</summary>
    public int MinConnections { get; set => field = Throw.IfOutside(value, 0, 1_000); } = 2;

    /// <summary>Longest wait for a connection before <see cref="PoolExhaustedException"/>. Default 5 s; 1 ms–10 min.</summary>
    public TimeSpan AcquireTimeout { get; set => field = Throw.IfOutside(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10)); } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for SQLite's one writer, in this process and against others. Default 30 s; 1 ms–10 min.</summary>
    public TimeSpan WriteTimeout { get; set => field = Throw.IfOutside(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10)); } = TimeSpan.FromSeconds(30);

    /// <summary>A pooled connection is closed when it is older. Default 1 h; 1 s–7 days.</summary>
    public TimeSpan ConnectionLifetime { get; set => field = Throw.IfOutside(value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)); } = TimeSpan.FromHours(1);

    /// <summary>A connection idle for longer is checked before it is handed out. Default 30 s; 0–1 day.</summary>
    public TimeSpan HealthCheckAfter { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromDays(1)); } = TimeSpan.FromSeconds(30);

    /// <summary>Whether connections and prepared statements are kept between leases. Default true; also a run-time toggle.</summary>
    public bool Pooling { get; set; } = true;

    /// <summary>Whether statements are recorded from the start. Default true; also a run-time toggle of the recorder.</summary>
    public bool Recording { get; set; } = true;

    /// <summary>Whether writes raise the data version of their tables, in their own transaction. Default true.</summary>
    public bool DataVersions { get; set; } = true;

    /// <summary>Statements at least this slow go to the slow-query log. Default 100 ms; 0–1 h.</summary>
    public TimeSpan SlowThreshold { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromHours(1)); } = TimeSpan.FromMilliseconds(100);

    /// <summary>Connection pragmas of SQLite; null leaves the engine's defaults.</summary>
    public SqlitePragmas? Pragmas { get; set; }

    /// <summary>Where time comes from. Default the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}
