using Fettle.Databases;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Databases;

/// <summary>A database without any index on what its workload asks for, the workload's file, and a state folder; all gone after the test.</summary>
internal sealed class DbSample : IAsyncDisposable
{
    public const string Workload = """
        -- weight: 500
        SELECT v FROM events WHERE code = 'c7' AND day > 10 ORDER BY day;
        -- weight: 300
        SELECT id FROM people WHERE name = 'n77';
        -- weight: 10
        SELECT count(*) FROM events WHERE id = 5
        """;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fettle-cli-db-");

    DbSample(string address) => Address = address;

    /// <summary>As <c>--database</c> takes it.</summary>
    public string Address { get; private set; }

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public string State => File("state");

    public string WorkloadFile => File("workload.sql");

    public static async Task<DbSample> SqliteAsync(int rows = 20_000, string? file = null)
    {
        var sample = new DbSample("");
        sample.Address = "sqlite:" + (file ?? sample.File("data.db"));
        await sample.FillAsync(rows);
        return sample;
    }

    public static async Task<DbSample> PostgresAsync(PostgresServer server, string name, int rows = 20_000)
    {
        await using (var admin = Open("postgres:" + server.ConnectionString()))
        {
            await RunAsync(admin, $"CREATE DATABASE {name}");
        }

        var sample = new DbSample("postgres:" + server.ConnectionString(name));
        await sample.FillAsync(rows);
        return sample;
    }

    public Task RunAsync(params string[] statements) => RunOnAsync(Address, statements);

    public async Task<List<string>> ColumnAsync(string sql)
    {
        await using var database = Open(Address);
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
        {
            values.Add(Convert.ToString(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture)!);
        }

        return values;
    }

    /// <summary>Names of the indexes of Fettle's making, invalid ones marked.</summary>
    public Task<List<string>> IndexesAsync() => ColumnAsync(Address.StartsWith("sqlite:", StringComparison.Ordinal)
        ? "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'fettle%' ORDER BY 1"
        : "SELECT relname || CASE WHEN indisvalid THEN '' ELSE ' (invalid)' END FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'fettle%' AND relname NOT LIKE 'fettle_data%' ORDER BY 1");

    public string[] Apply(params string[] more) => ["db", "apply", "--database", Address, "--workload", WorkloadFile, "--state", State, .. more];

    /// <summary>Whole lines of all journals.</summary>
    public string[] Journal() => !Directory.Exists(Path.Combine(State, "runs")) ? [] :
        [.. Directory.EnumerateFiles(Path.Combine(State, "runs"), "journal.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(Lines)];

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    public static async Task RunOnAsync(string address, params string[] statements)
    {
        await using var database = Open(address);
        foreach (var sql in statements)
        {
            await RunAsync(database, sql);
        }
    }

    static string[] Lines(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        return text.Split('\n')[..^1];
    }

    static Database Open(string address) => Database.Open(DatabaseAddress.Parse(address), new DatabaseOptions { DataVersions = false, Recording = false, Pooling = false });

    static async Task RunAsync(Database database, string sql)
    {
        await using var connection = await database.OpenWriteAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    async Task FillAsync(int rows)
    {
        var sqlite = Address.StartsWith("sqlite:", StringComparison.Ordinal);
        string Numbers(int n) => sqlite ? $"(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {n}) SELECT n FROM c)" : $"(SELECT generate_series(0, {n - 1}) AS n) AS c";
        var key = sqlite ? "id INTEGER PRIMARY KEY" : "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
        await RunAsync(
            $"CREATE TABLE events({key}, code TEXT, day INTEGER, v REAL, note TEXT)",
            $"INSERT INTO events(code, day, v, note) SELECT 'c' || (n % 200), n / 200, n, 'some text that makes a row wide enough to count' FROM {Numbers(rows)}",
            $"CREATE TABLE people({key}, name TEXT, city TEXT)",
            $"INSERT INTO people(name, city) SELECT 'n' || n, 'a city' FROM {Numbers(rows / 4)}");
        if (!sqlite)
        {
            await RunAsync("ANALYZE");
        }

        await System.IO.File.WriteAllTextAsync(WorkloadFile, Workload);
    }
}

/// <summary>One server for the tests of the collection.</summary>
public sealed class DbServer : IAsyncLifetime
{
    int _names;

    public PostgresServer? Server { get; private set; }

    public string NextName() => $"cli{Interlocked.Increment(ref _names)}";

    public async Task InitializeAsync() => Server = PostgresServer.Missing is null ? await PostgresServer.StartAsync() : null;

    public async Task DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}

[CollectionDefinition("postgres")]
public sealed class DbServerCollection : ICollectionFixture<DbServer>;
