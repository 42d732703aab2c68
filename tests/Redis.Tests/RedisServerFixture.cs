using Fettle.Testing;

namespace Fettle.Redis.Tests;

/// <summary>One redis-server for the tests of a class.</summary>
public sealed class RedisServerFixture : IAsyncLifetime
{
    RedisServer? _server;

    public RedisServer Server => _server!;

    public RedisOptions Options => new() { Port = Server.Port, Timings = new() { Command = TimeSpan.FromSeconds(20), Silence = TimeSpan.FromSeconds(30), Connect = TimeSpan.FromSeconds(20) } };

    public Task<RedisConnection> ConnectAsync(IRedisObserver? observer = null) => RedisConnection.ConnectAsync(Options, observer);

    public async Task InitializeAsync() => _server = RedisServer.Executable is null ? null : await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
