using Fettle.Databases;
using Fettle.Testing;

namespace Fettle.MarketData.Tests;

[Trait("Category", "Slow")]
public sealed class PostgresLoadingTests : LoadingTests
{
    [RequiresPostgresFact]
    public async Task Loading_FromPostgres_IsAsFromSqlite()
    {
        await using var server = await PostgresServer.StartAsync();
        var checks = new (string Name, Func<Database, Task> Check)[]
        {
            ("rows", PanelEqualsTheRowsAsync), ("packed", PackedStaysInStepAsync), ("rollback", RolledBackWriteLeavesBothTablesAsync),
        };
        foreach (var (name, check) in checks)
        {
            await using (var admin = Database.Open(DatabaseAddress.Parse("postgres:" + server.ConnectionString())))
            {
                await using var connection = await admin.OpenWriteAsync();
                await using var command = connection.CreateCommand();
                command.CommandText = $"CREATE DATABASE {name}";
                await command.ExecuteNonQueryAsync();
            }

            await using var database = Database.Open(DatabaseAddress.Parse("postgres:" + server.ConnectionString(name)));
            await check(database);
        }
    }
}
