using System.Data.Common;

namespace Fettle.Services.Stocks.Schema;

/// <summary>Runs reading statements, wherever their rows come from. Rows are shared: nobody changes them.</summary>
internal interface IRows : IAsyncDisposable
{
    /// <summary>All rows of a statement, in its order.</summary>
    /// <param name="sql">The statement; one text has one kind of rows.</param>
    /// <param name="parameters">All its parameters.</param>
    /// <param name="row">Reads the row that the reader stands on.</param>
    /// <param name="cancellation">Cancels.</param>
    ValueTask<T[]> ReadAsync<T>(string sql, (string Name, object? Value)[] parameters, Func<DbDataReader, T> row, CancellationToken cancellation);
}

/// <summary>Every statement runs on one connection.</summary>
/// <param name="connection">An open connection.</param>
/// <param name="owned">Whether it is given back at the end.</param>
internal sealed class ConnectionRows(DbConnection connection, bool owned = false) : IRows
{
    public ValueTask<T[]> ReadAsync<T>(string sql, (string Name, object? Value)[] parameters, Func<DbDataReader, T> row, CancellationToken cancellation) =>
        ReadAsync(connection, sql, parameters, row, cancellation);

    public static async ValueTask<T[]> ReadAsync<T>(DbConnection connection, string sql, (string Name, object? Value)[] parameters, Func<DbDataReader, T> row, CancellationToken cancellation)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(row(reader));
        }

        return [.. rows];
    }

    public ValueTask DisposeAsync() => owned ? connection.DisposeAsync() : ValueTask.CompletedTask;
}
