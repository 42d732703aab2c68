using System.Data.Common;
using System.Globalization;
using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>
/// The packed series of the service's prices, and whether they may be used: beside them stands the data version of the prices that they repeat.
/// The importer keeps both in step in its own transaction; a write of anyone else raises the version alone, and the packed rows are then left aside.
/// </summary>
internal sealed class PackedPrices(Database database)
{
    const string State = "packed_series_state";
    const string Versions = "fettle_data_versions";
    readonly PackedSeriesTable _table = new(database);
    readonly Lock _lock = new();
    Task _change = Task.CompletedTask;
    volatile bool _wanted;

    /// <summary>Makes the table (on) or removes it (off) in the background, one change after the other.</summary>
    public void Want(bool wanted)
    {
        _wanted = wanted;
        lock (_lock)
        {
            _change = _change.ContinueWith(_ => wanted == _wanted ? wanted ? MakeAsync(default) : DropAsync(default) : Task.CompletedTask, TaskScheduler.Default).Unwrap();
        }
    }

    /// <summary>The last change asked for; faulted when the table could not be made, and then rows are read.</summary>
    public Task WhenChanged()
    {
        lock (_lock)
        {
            return _change;
        }
    }

    /// <summary>Whether there are packed rows that repeat the prices as they are now.</summary>
    public async Task<bool> IsCurrentAsync(CancellationToken cancellation)
    {
        if (!database.Versions.Enabled || !await _table.ExistsAsync(cancellation))
        {
            return false;
        }

        await database.Versions.RefreshAsync(TimeSpan.Zero, cancellation);
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.Command($"SELECT prices FROM {State}");
        return Number(await command.ExecuteScalarAsync(cancellation)) == database.Versions.Get(StocksSchema.Prices);
    }

    /// <summary>Packs every stock anew.</summary>
    /// <returns>Stocks packed.</returns>
    public async Task<int> MakeAsync(CancellationToken cancellation)
    {
        // Read before the prices: a write in between makes the packed rows stale, never wrongly current.
        await database.Versions.RefreshAsync(TimeSpan.Zero, cancellation);
        var version = database.Versions.Get(StocksSchema.Prices);
        await DropAsync(cancellation);
        var stocks = await _table.RebuildAsync(cancellation);
        await ExecuteAsync([$"CREATE TABLE {State} (prices BIGINT NOT NULL)", FormattableString.Invariant($"INSERT INTO {State} (prices) VALUES ({version})")], cancellation);
        return stocks;
    }

    /// <summary>Removes the packed rows; safe to repeat.</summary>
    public Task DropAsync(CancellationToken cancellation) => ExecuteAsync([$"DROP TABLE IF EXISTS {State}", _table.DropSql], cancellation);

    /// <summary>Takes the bars that a transaction writes to the prices, if the packed rows are there and current; the commit raises the version by one.</summary>
    public async Task ApplyAsync(DbConnection connection, DbTransaction transaction, IReadOnlyCollection<StockBar> bars, CancellationToken cancellation)
    {
        if (bars.Count == 0 || !database.Versions.Enabled || !await ExistsAsync(connection, transaction, cancellation))
        {
            return;
        }

        var version = await ReadAsync(connection, transaction, $"SELECT version FROM {Versions} WHERE name = '{StocksSchema.Prices}'", cancellation);
        if (await ReadAsync(connection, transaction, $"SELECT prices FROM {State}", cancellation) == version)
        {
            await _table.ApplyAsync(connection, transaction, bars, cancellation);
            await using var command = connection.Command($"UPDATE {State} SET prices = prices + 1");
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    async Task<bool> ExistsAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) => await ReadAsync(connection, transaction,
        database.Engine == DatabaseEngine.Sqlite
            ? $"SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '{State}'"
            : $"SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '{State}'",
        cancellation) == 1;

    async Task ExecuteAsync(string[] statements, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        foreach (var statement in statements)
        {
            await using var command = connection.Command(statement);
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    static async Task<long> ReadAsync(DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation)
    {
        await using var command = connection.Command(sql);
        command.Transaction = transaction;
        return Number(await command.ExecuteScalarAsync(cancellation));
    }

    static long Number(object? value) => value is null or DBNull ? 0 : Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
