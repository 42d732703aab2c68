using System.Data.Common;
using Fettle.Databases;

namespace Fettle.MarketData;

/// <summary>
/// The table of packed series: one row per stock. It repeats what the price table says; whoever writes prices keeps it in step by calling
/// <see cref="ApplyAsync"/> in the same transaction, and <see cref="RebuildAsync"/> makes it anew at any time.
/// </summary>
/// <param name="database">SQLite or PostgreSQL.</param>
/// <param name="prices">The table that it repeats.</param>
/// <param name="name">Its own name; letters, digits and underscores.</param>
public sealed class PackedSeriesTable(Database database, PriceTable? prices = null, string name = "packed_series")
{
    readonly PriceTable _prices = (prices ?? new PriceTable()) with { };
    readonly string _name = Checked(name);

    /// <summary>The statement that creates the table where it is missing.</summary>
    public string CreateSql =>
        $"CREATE TABLE IF NOT EXISTS {_name} (code TEXT PRIMARY KEY, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL, bars INTEGER NOT NULL, data {(database.Engine == DatabaseEngine.Sqlite ? "BLOB" : "BYTEA")} NOT NULL)";

    /// <summary>The statement that removes the table; safe to repeat.</summary>
    public string DropSql => $"DROP TABLE IF EXISTS {_name}";

    /// <summary>Whether the table is there.</summary>
    public async Task<bool> ExistsAsync(CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = database.Engine == DatabaseEngine.Sqlite
            ? $"SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '{_name}'"
            : $"SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '{_name}'";
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture) == 1;
    }

    /// <summary>Makes the table anew from the price table, in one transaction.</summary>
    /// <returns>Stocks written.</returns>
    public async Task<int> RebuildAsync(CancellationToken cancellation = default)
    {
        var panel = await new PanelLoader(database, _prices).LoadAsync(null, cancellation);
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, transaction, DropSql, cancellation);
        await ExecuteAsync(connection, transaction, CreateSql, cancellation);
        await using var writer = new PackedWriter(connection, transaction, _name);
        for (var row = 0; row < panel.Codes.Count; row++)
        {
            await writer.WriteAsync(panel, row, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return panel.Codes.Count;
    }

    /// <summary>Brings the rows of the stocks of <paramref name="bars"/> up to date: new bars are added, bars on known days replaced.</summary>
    /// <param name="connection">The connection on which the prices are written.</param>
    /// <param name="transaction">Its open transaction, so that both tables change together.</param>
    /// <param name="bars">The bars written.</param>
    /// <param name="cancellation">Cancels the work.</param>
    public async Task ApplyAsync(DbConnection connection, DbTransaction transaction, IReadOnlyCollection<StockBar> bars, CancellationToken cancellation = default)
    {
        await using var select = connection.CreateCommand();
        select.Transaction = transaction;
        select.CommandText = $"SELECT data FROM {_name} WHERE code = @code";
        var code = select.CreateParameter();
        code.ParameterName = "code";
        select.Parameters.Add(code);
        await using var writer = new PackedWriter(connection, transaction, _name);
        foreach (var stock in bars.GroupBy(b => b.Code, StringComparer.Ordinal))
        {
            code.Value = stock.Key;
            var loader = new PackedPanelBuilder();
            if (await select.ExecuteScalarAsync(cancellation) is byte[] data)
            {
                loader.Add(stock.Key, data);
            }

            var panel = loader.Build().Append([.. stock]);
            await writer.WriteAsync(panel, panel.Find(stock.Key), cancellation);
        }
    }

    /// <summary>Loads the panel from the packed rows with one statement.</summary>
    /// <exception cref="InvalidDataException">A row is damaged.</exception>
    public async Task<PricePanel> LoadAsync(CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT code, data FROM {_name}";
        var builder = new PackedPanelBuilder();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            builder.Add(reader.GetString(0), reader.GetFieldValue<byte[]>(1));
        }

        return builder.Build();
    }

    static async Task ExecuteAsync(DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    static string Checked(string name)
    {
        Throw.IfNotIdentifier(nameof(name), name);
        return name;
    }
}
