using System.Security.Cryptography;
using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <summary>
/// The second tier on Redis (6.2 or later; 7 for the configuration shipped in deploy/redis.conf).
/// <list type="number">
/// <item>A read is a plain GET (many: one MGET). What makes an entry void without touching it, a removed tag, prefix, pattern or
/// category, is known on this side (<see cref="GenerationMirror"/>), so a read costs no script.</item>
/// <item>Leases, stores and invalidations are scripts: each is one step on the server, and compares stamps of one sequence.</item>
/// <item>The server follows the keys this connection reads (client tracking) and tells when another changes them; invalidations are
/// published as well. Both arrive on the connection that carries the replies, so they cannot be overtaken.</item>
/// <item>The connection beats every fifth of the staleness bound; when it is lost or silent the cache is told to forget. A new one
/// first closes the old one on the server, so no late command of this node can follow a newer one.</item>
/// </list>
/// The argument in full is in docs/redis.md and docs/decisions/0030-second-tier-on-redis.md.
/// </summary>
public sealed partial class RedisSecondTier : ISecondTier
{
    static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    readonly RedisSecondTierOptions _options;
    readonly TierKeys _keys;
    readonly string _node = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    readonly GenerationMirror _mirror = new();
    readonly TimeProvider _time;
    readonly Observer _observer;
    readonly RedisOptions _redisOptions;
    readonly CancellationTokenSource _stop = new();
    RedisConnection? _redis;
    SecondTierSink? _sink;
    string _run = "";
    long _serverOffset;
    int _generation;
    Exception? _trouble;
    volatile bool _available;
    volatile bool _disposed;

    /// <summary>Prepares the tier; it connects when the cache subscribes.</summary>
    public RedisSecondTier(RedisSecondTierOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options with { };
        _keys = new TierKeys(_options.Namespace);
        _time = options.Redis.Timings.Clock;
        _observer = new Observer(this);
        var bound = _options.StalenessBound;
        _redisOptions = options.Redis with
        {
            ClientName = $"{options.Redis.ClientName}-{_node}",
            Fence = true,
            Tracking = new RedisTracking { EveryRead = true },
            Timings = options.Redis.Timings with
            {
                Heartbeat = Max(bound / 5, 50),
                Silence = Max(bound * 3 / 5, 50),
                OfflineWait = TimeSpan.Zero,
            },
        };
    }

    /// <inheritdoc/>
    public SecondTierState State => _available ? SecondTierState.Available : SecondTierState.Unavailable;

    /// <summary>The connection's counters; null before the cache has subscribed.</summary>
    public RedisStatistics? Connection => _redis?.Statistics;

    /// <inheritdoc/>
    public void Subscribe(SecondTierSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (Interlocked.CompareExchange(ref _sink, sink, null) is not null)
        {
            throw new InvalidOperationException("a cache has subscribed already; give each cache a tier of its own");
        }

        // The first connection may be there before this thread goes on: what it starts has to find the field set.
        lock (_observer)
        {
            _redis = RedisConnection.Start(_redisOptions, _observer, [_keys.Channel]);
        }
    }

    /// <inheritdoc/>
    public async ValueTask PingAsync(CancellationToken cancellationToken)
    {
        await Redis().ExecuteAsync(["PING"], cancellationToken);
        if (!_available)
        {
            throw NotReady();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SecondTierStatistics> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        if (!_available || _redis is not { } redis)
        {
            return new(false, null, null, _redisOptions.ToString());
        }

        var memory = redis.UsedMemoryAsync(cancellationToken);
        var keys = redis.CountKeysAsync(cancellationToken);
        return new(true, await memory, await keys, _redisOptions.ToString());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _available = false;
        await _stop.CancelAsync();
        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    static TimeSpan Max(TimeSpan value, int milliseconds) =>
        value.TotalMilliseconds < milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : value;

    static string NewEpoch() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    RedisConnection Redis() => _available && _redis is { } redis ? redis : throw NotReady();

    InvalidOperationException NotReady() => Volatile.Read(ref _trouble) is { } trouble
        ? new($"the second tier at {_redisOptions} is not ready: {trouble.Message}", trouble)
        : new($"the second tier at {_redisOptions} is not connected", _redis?.LastFailure);

    /// <summary>
    /// After a connection: learns which run of the server it is and the clock's distance, makes sure of an epoch, and fills the mirror.
    /// Whatever fails, it is tried again, after waits that double up to those of a reconnect, until it works or the connection is lost.
    /// </summary>
    async Task PrepareAsync(int generation)
    {
        var wait = FirstRetry;
        while (!_disposed && generation == Volatile.Read(ref _generation))
        {
            try
            {
                var redis = _redis!;
                await redis.WaitUntilConnectedAsync();
                var facts = await redis.InfoAsync("server");
                var run = facts.GetValueOrDefault("run_id", "");
                var clock = await redis.ExecuteAsync("TIME");
                var root = await TierScripts.Begin.RunAsync(redis, 2, new RedisArgument[] { _keys.Root, _keys.Sequence, _keys.Channel, run, NewEpoch() });
                lock (_observer)
                {
                    if (generation != _generation || _disposed)
                    {
                        return;
                    }

                    _run = run;
                    Volatile.Write(ref _serverOffset, (clock.Items[0].AsInt64() * 1000) + (clock.Items[1].AsInt64() / 1000) - MonotonicMilliseconds());
                    _mirror.Load(root);
                    _available = true;
                    Volatile.Write(ref _trouble, null);
                }

                _sink!.ConnectionRestored();
                return;
            }
            catch (Exception) when (_disposed)
            {
                return;
            }
            catch (Exception e)
            {
                Tell(e);
            }

            await Task.Delay(wait, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 < _redisOptions.Timings.ReconnectMax ? wait * 2 : _redisOptions.Timings.ReconnectMax;
        }
    }

    /// <summary>Says what keeps the tier from serving, once until it is something else; a connection that is lost or slow is told elsewhere.</summary>
    void Tell(Exception e)
    {
        if (e is RedisConnectionException or RedisTimeoutException or OperationCanceledException or RedisServerException { Code: "LOADING" }
            || Interlocked.Exchange(ref _trouble, e)?.Message == e.Message)
        {
            return;
        }

        _sink!.Troubled($"the second tier at {_redisOptions} cannot be used: {e.Message} ({e.GetType().Name}); trying again, at most {_redisOptions.Timings.ReconnectMax.TotalSeconds:0} s apart");
    }

    long MonotonicMilliseconds() => (long)(_time.GetTimestamp() * 1000.0 / _time.TimestampFrequency);

    sealed class Observer(RedisSecondTier tier) : IRedisObserver
    {
        public void OnConnected()
        {
            int generation;
            lock (this)
            {
                tier._available = false;
                tier._mirror.Reset();
                generation = ++tier._generation;
            }

            _ = Task.Run(() => tier.PrepareAsync(generation));
        }

        public void OnDisconnected(Exception cause)
        {
            lock (this)
            {
                tier._generation++;
                tier._available = false;
                tier._mirror.Reset();
            }

            tier._sink!.ConnectionLost();
        }

        public void OnInvalidated(ReadOnlySpan<RedisReply> keys)
        {
            foreach (var key in keys)
            {
                if (tier._keys.TryParseEntry(key.AsText() ?? "", out var entry))
                {
                    tier._sink!.Invalidated(Invalidation.ForKey(entry.Category, entry.Key));
                }
            }
        }

        public void OnInvalidatedAll()
        {
            tier._mirror.Reset();
            tier._sink!.Invalidated(Invalidation.Everything);
            int generation;
            lock (this)
            {
                generation = tier._generation;
            }

            // The root is gone with everything else: make a new epoch at once rather than with the next store.
            _ = Task.Run(() => tier.PrepareAsync(generation));
        }

        public void OnMessage(string channel, ReadOnlyMemory<byte> payload)
        {
            if (!Announcement.TryParse(payload.Span, out var announcement))
            {
                // Not ours to understand, so it may hide an invalidation: forget what it could cover.
                tier._sink!.Invalidated(Invalidation.Everything);
                return;
            }

            if (announcement.Epoch is { } epoch)
            {
                tier._mirror.Begin(epoch);
                tier._sink!.Invalidated(Invalidation.Everything);
                return;
            }

            tier._mirror.Apply(announcement.Stamp, announcement.Invalidation);
            if (announcement.Node != tier._node)
            {
                tier._sink!.Invalidated(announcement.Invalidation);
            }
        }
    }
}
