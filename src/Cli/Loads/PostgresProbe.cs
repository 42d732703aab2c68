using System.Data.Common;
using Fettle.Databases;
using Fettle.LoadTesting.Server;

namespace Fettle.Cli.Loads;

/// <summary>
/// Reads pg_stat_database, pg_stat_activity and pg_locks of one database. Here and not in the load library, which knows no database driver.
/// </summary>
internal sealed class PostgresProbe : IServerProbe
{
    const string Sql = """
        SELECT d.xact_commit, d.xact_rollback, d.blks_read, d.blks_hit, d.tup_returned + d.tup_fetched, d.tup_inserted + d.tup_updated + d.tup_deleted, d.temp_bytes, d.deadlocks, d.numbackends::bigint,
               (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.datid AND a.state = 'active'),
               (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.datid AND a.wait_event_type = 'Lock'),
               (SELECT count(*) FROM pg_locks l WHERE l.database = d.datid)
        FROM pg_stat_database d WHERE d.datname = current_database()
        """;

    readonly Database _database;

    PostgresProbe(Database database) => _database = database;

    public string Name => ServerFigures.Postgres;

    public IReadOnlyList<ServerFigure> Figures { get; } =
    [
        new("commits/s", Counter: true), new("rollbacks/s", Counter: true), new(ServerFigures.BlocksRead, Counter: true), new(ServerFigures.BlocksHit, Counter: true),
        new("rows read/s", Counter: true), new("rows written/s", Counter: true), new("temporary KB/s", Counter: true, Factor: 1 / 1024.0), new("deadlocks/s", Counter: true),
        new("connections"), new("active sessions"), new(ServerFigures.WaitingForLocks), new("locks"),
    ];

    /// <exception cref="DbException">The server cannot be reached or refuses.</exception>
    public static async Task<PostgresProbe> ConnectAsync(string connection, CancellationToken cancellation)
    {
        var address = DatabaseAddress.Parse(connection.StartsWith("postgres:", StringComparison.Ordinal) ? connection : "postgres:" + connection);
        var probe = new PostgresProbe(Database.Open(address, new DatabaseOptions { MaxConnections = 1, MinConnections = 0, Burst = 0, Recording = false, DataVersions = false }));
        try
        {
            await probe.ReadAsync(cancellation);
            return probe;
        }
        catch
        {
            await probe.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<double[]> ReadAsync(CancellationToken cancellation)
    {
        await using var connection = await _database.OpenReadAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = Sql;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            throw new InvalidDataException("pg_stat_database has no row for this database");
        }

        return [.. Enumerable.Range(0, Figures.Count).Select(i => (double)reader.GetInt64(i))];
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
