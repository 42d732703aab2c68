using System.Data.Common;

namespace Fettle.Databases.Tests;

/// <summary>A SQLite file in a folder of its own that goes with it.</summary>
internal sealed class TemporaryDatabase : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-db-").FullName;

    public TemporaryDatabase(DatabaseOptions? options = null)
    {
        Database = Database.Open(Address, options);
    }

    public string File => Path.Combine(_folder, "test.db");

    public DatabaseAddress Address => DatabaseAddress.Parse("sqlite:" + File);

    public Database Database { get; }

    public Task RunAsync(params string[] statements) => Database.RunAsync(statements);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

internal static class DatabaseTestExtensions
{
    public static async Task RunAsync(this Database database, params string[] statements)
    {
        await using var connection = await database.OpenWriteAsync();
        foreach (var sql in statements)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync();
        }
    }

    public static async Task<List<object?[]>> QueryAsync(this Database database, string sql, params (string Name, object Value)[] parameters)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            reader.GetValues(row!);
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>EXPLAIN does not look for schema changes of other connections, so it gets a new one.</summary>
    public static async Task<string> PlanAsync(this Database database, string sql, params (string Name, object Value)[] parameters)
    {
        await database.ClearPoolAsync();
        return string.Join('\n', (await database.QueryAsync("EXPLAIN QUERY PLAN " + sql, parameters)).Select(r => (string)r[3]!));
    }

    public static DbCommand Command(this DbConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
