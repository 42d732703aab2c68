using Fettle.Testing;

namespace Fettle.Databases.Tests.Postgres;

/// <summary>One server for all tests of the collection; each takes a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    PostgresServer? _server;
    int _databases;

    public PostgresServer Server => _server!;

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is null)
        {
            _server = await PostgresServer.StartAsync();
        }
    }

    public async Task<Database> CreateAsync(DatabaseOptions? options = null)
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        await using (var admin = Database.Open(DatabaseAddress.Parse("postgres:" + Server.ConnectionString()), new DatabaseOptions { DataVersions = false }))
        {
            await admin.RunAsync($"CREATE DATABASE {name}");
        }

        return Database.Open(DatabaseAddress.Parse("postgres:" + Server.ConnectionString(name)), options);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

[CollectionDefinition("postgres")]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>;
