using System.Collections.Concurrent;
using System.Text;
using Fettle.Redis;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>One redis-server for a class; each test has a namespace of its own.</summary>
public sealed class TierFixture : IAsyncLifetime
{
    RedisServer? _server;

    public RedisServer Server => _server!;

    public async Task InitializeAsync() => _server = RedisServer.Executable is null ? null : await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public Task<RedisConnection> ConnectAsync() => RedisConnection.ConnectAsync(Options().Redis);

    public RedisSecondTierOptions Options(string space = "t", int? port = null, double staleness = 20) => new()
    {
        Namespace = space,
        StalenessBound = TimeSpan.FromSeconds(staleness),
        Redis = new RedisOptions
        {
            Port = port ?? Server.Port,
            User = "fettle",
            Password = "fettle-change-me",
            Timings = new() { Command = TimeSpan.FromSeconds(20), Connect = TimeSpan.FromSeconds(5), ReconnectFirst = TimeSpan.FromMilliseconds(50), ReconnectMax = TimeSpan.FromMilliseconds(200) },
        },
    };

    public async Task<TierNode> NodeAsync(string space, int? port = null, double staleness = 20)
    {
        var node = new TierNode(new RedisSecondTier(Options(space, port, staleness)));
        await node.AvailableAsync();
        return node;
    }
}

/// <summary>A tier with a sink that records.</summary>
public sealed class TierNode : IAsyncDisposable
{
    readonly RecordingSink _sink = new();

    public TierNode(RedisSecondTier tier)
    {
        Tier = tier;
        tier.Subscribe(_sink);
    }

    public RedisSecondTier Tier { get; }

    public int Lost => _sink.Lost;

    public List<Invalidation> Heard()
    {
        var all = new List<Invalidation>();
        while (_sink.Heard.TryDequeue(out var one))
        {
            all.Add(one);
        }

        return all;
    }

    public async Task AvailableAsync() => await Eventually.IsTrueAsync(() => Tier.State == SecondTierState.Available, "the tier is available");

    public async Task<string?> GetAsync(string category, string key)
    {
        using var value = await Tier.GetAsync(new(category, key), LeaseRequest.None, default);
        return value.Found ? Encoding.UTF8.GetString(value.Bytes.Span) : null;
    }

    public async Task<SecondTierLease> LeaseOnMissAsync(string category, string key)
    {
        using var value = await Tier.GetAsync(new(category, key), new(TimeSpan.FromSeconds(30)), default);
        value.Found.ShouldBeFalse();
        value.Lease.Token.ShouldNotBeNull();
        return value.Lease;
    }

    public async Task<SecondTierWrite> SetAsync(string category, string key, string value, string? lease = null, params string[] tags) =>
        await Tier.SetAsync(new(category, key), Encoding.UTF8.GetBytes(value), new(TimeSpan.FromMinutes(5), tags, lease), default);

    public async Task InvalidateAsync(params Invalidation[] invalidations) => await Tier.InvalidateAsync(invalidations, default);

    public ValueTask DisposeAsync() => Tier.DisposeAsync();

    sealed class RecordingSink : SecondTierSink
    {
        int _lost;

        public ConcurrentQueue<Invalidation> Heard { get; } = new();

        public int Lost => Volatile.Read(ref _lost);

        public override void Invalidated(in Invalidation invalidation) => Heard.Enqueue(invalidation);

        public override void ConnectionLost() => Interlocked.Increment(ref _lost);

        public override void ConnectionRestored()
        {
        }
    }
}
