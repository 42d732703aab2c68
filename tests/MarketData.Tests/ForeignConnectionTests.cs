using System.Runtime.CompilerServices;
using Fettle.Databases;
using Microsoft.Data.Sqlite;

namespace Fettle.MarketData.Tests;

/// <summary>
/// Every test of this assembly runs in a process that has used SQLite by itself before it used Fettle: the package's own library is
/// bound by then, and a second one beside it would end the process at the first handle that crosses over.
/// </summary>
public sealed class ForeignConnectionTests
{
    static SqliteConnection? _first;

    [ModuleInitializer]
    internal static void OpenBeforeFettle()
    {
        _first = new SqliteConnection("Data Source=:memory:");
        _first.Open();
    }

    [Fact]
    public async Task Fettle_AfterAForeignConnection_UsesItsLibrary()
    {
        SqliteEngine.Source.ShouldBe("bundled");
        using var command = _first!.CreateCommand();
        command.CommandText = "SELECT sqlite_version()";
        command.ExecuteScalar().ShouldBe(SqliteEngine.Version);
        await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(Directory.CreateTempSubdirectory("fettle-foreign").FullName, "a.db")));
        await using var connection = await database.OpenWriteAsync();
        await using var write = connection.CreateCommand();
        write.CommandText = "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (7); SELECT x FROM t";
        (await write.ExecuteScalarAsync()).ShouldBe(7L);
    }
}
