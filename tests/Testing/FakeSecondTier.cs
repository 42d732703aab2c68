using Fettle.Caching;

namespace Fettle.Testing;

/// <summary>
/// A second tier in memory that keeps the contract of <see cref="ISecondTier"/> and misbehaves on request: it hangs, fails, holds back or
/// loses announcements, loses its contents. Every node gets its own <see cref="FakeSecondTier"/> over one <see cref="FakeServer"/>.
/// </summary>
public sealed class FakeSecondTier(FakeServer server) : ISecondTier
{
    readonly Queue<Invalidation> _held = new();
    readonly Lock _holding = new();
    SecondTierSink? _sink;
    TaskCompletionSource _hang = new();

    public SecondTierState State { get; set; } = SecondTierState.Available;

    /// <summary>Calls fail with an exception.</summary>
    public bool Fails { get; set; }

    /// <summary>Calls never answer, until <see cref="Unhang"/>.</summary>
    public bool Hangs { get; set; }

    /// <summary>Announcements wait for <see cref="Deliver"/>.</summary>
    public bool HoldsAnnouncements { get; set; }

    /// <summary>Announcements disappear.</summary>
    public bool LosesAnnouncements { get; set; }

    /// <summary>Runs after a call has taken its effect and before it answers.</summary>
    public Func<string, Task>? BeforeAnswer { get; set; }

    public int Calls { get; private set; }

    public int Reads { get; private set; }

    public void Subscribe(SecondTierSink sink)
    {
        _sink = sink;
        server.Join(this);
    }

    public void Unhang()
    {
        Hangs = false;
        Interlocked.Exchange(ref _hang, new TaskCompletionSource()).SetResult();
    }

    /// <summary>Tells the cache that announcements may be lost, or that the connection is back.</summary>
    public void LoseConnection()
    {
        State = SecondTierState.Unavailable;
        _sink!.ConnectionLost();
    }

    /// <summary>Tells the cache what is for the log.</summary>
    public void BeTroubled(string problem) => _sink!.Troubled(problem);

    public void RestoreConnection()
    {
        State = SecondTierState.Available;
        _sink!.ConnectionRestored();
    }

    public void Deliver()
    {
        while (true)
        {
            Invalidation next;
            lock (_holding)
            {
                if (!_held.TryDequeue(out next))
                {
                    return;
                }
            }

            _sink!.Invalidated(next);
        }
    }

    internal void Announce(Invalidation invalidation)
    {
        if (LosesAnnouncements)
        {
            return;
        }

        if (HoldsAnnouncements)
        {
            lock (_holding)
            {
                _held.Enqueue(invalidation);
            }
        }
        else
        {
            _sink!.Invalidated(invalidation);
        }
    }

    public ValueTask<SecondTierValue> GetAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken)
    {
        Reads++;
        return CallAsync("get", () => server.Get(key, lease));
    }

    public ValueTask<IReadOnlyList<SecondTierValue>> GetManyAsync(IReadOnlyList<SecondTierKey> keys, LeaseRequest lease, CancellationToken cancellationToken)
    {
        Reads++;
        return CallAsync("getmany", IReadOnlyList<SecondTierValue> () => [.. keys.Select(k => server.Get(k, lease))]);
    }

    public ValueTask<SecondTierLease> LeaseAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken) =>
        CallAsync("lease", () => server.Lease(key, lease));

    public ValueTask<SecondTierWrite> SetAsync(SecondTierKey key, ReadOnlyMemory<byte> value, SecondTierStore store, CancellationToken cancellationToken) =>
        CallAsync("set", () => server.Set(this, key, value.ToArray(), store));

    public async ValueTask InvalidateAsync(IReadOnlyList<Invalidation> invalidations, CancellationToken cancellationToken) =>
        await CallAsync("invalidate", () =>
        {
            foreach (var invalidation in invalidations)
            {
                server.Invalidate(this, invalidation);
            }

            return true;
        });

    public async ValueTask PingAsync(CancellationToken cancellationToken) => await CallAsync("ping", () => true);

    public ValueTask<SecondTierStatistics> GetStatisticsAsync(CancellationToken cancellationToken) =>
        CallAsync("statistics", () => new SecondTierStatistics(true, null, server.Count, "fake"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    async ValueTask<TResult> CallAsync<TResult>(string name, Func<TResult> effect)
    {
        Calls++;
        if (Hangs)
        {
            await _hang.Task;
            throw new IOException("the connection was closed");
        }

        if (Fails || State != SecondTierState.Available)
        {
            throw new IOException("the second tier is away");
        }

        var result = effect();
        if (BeforeAnswer is { } before)
        {
            await before(name);
        }

        return result;
    }
}

/// <summary>What the nodes' fakes share: values, leases and the invalidations applied, each with its place in one order.</summary>
public sealed class FakeServer(TimeProvider time)
{
    readonly Lock _gate = new();
    readonly List<FakeSecondTier> _nodes = [];
    readonly Dictionary<SecondTierKey, Stored> _values = [];
    readonly Dictionary<SecondTierKey, LeaseRecord> _leases = [];
    readonly List<(long Order, Invalidation Rule)> _applied = [];
    long _order;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _values.Count;
            }
        }
    }

    /// <summary>Damages or replaces stored bytes.</summary>
    public void Tamper(SecondTierKey key, Func<byte[], byte[]> change)
    {
        lock (_gate)
        {
            _values[key] = _values[key] with { Bytes = change(_values[key].Bytes) };
        }
    }

    /// <summary>What a restart without persistence does.</summary>
    public void LoseContents()
    {
        lock (_gate)
        {
            _values.Clear();
            _leases.Clear();
        }
    }

    internal void Join(FakeSecondTier node)
    {
        lock (_gate)
        {
            _nodes.Add(node);
        }
    }

    internal SecondTierValue Get(SecondTierKey key, LeaseRequest lease)
    {
        lock (_gate)
        {
            if (_values.TryGetValue(key, out var stored) && stored.Ends > time.GetTimestamp()
                && !_applied.Any(a => a.Order > stored.Order && a.Rule.Covers(key.Category, key.Key, stored.Tags)))
            {
                return new SecondTierValue(stored.Bytes, TimeSpan.FromSeconds((stored.Ends - time.GetTimestamp()) / (double)time.TimestampFrequency));
            }

            _values.Remove(key);
            return new SecondTierValue(Lease(key, lease));
        }
    }

    internal SecondTierLease Lease(SecondTierKey key, LeaseRequest request)
    {
        if (request.Duration <= TimeSpan.Zero)
        {
            return default;
        }

        lock (_gate)
        {
            if (_leases.TryGetValue(key, out var known) && known.Ends > time.GetTimestamp())
            {
                return new SecondTierLease(known.Token, false);
            }

            var token = (++_order).ToString();
            _leases[key] = new LeaseRecord(token, _order, time.GetTimestamp() + (long)(request.Duration.TotalSeconds * time.TimestampFrequency));
            return new SecondTierLease(token, true);
        }
    }

    internal SecondTierWrite Set(FakeSecondTier node, SecondTierKey key, byte[] bytes, SecondTierStore store)
    {
        lock (_gate)
        {
            var order = ++_order;
            if (store.LeaseToken is not null)
            {
                if (!_leases.TryGetValue(key, out var lease) || lease.Token != store.LeaseToken || lease.Ends <= time.GetTimestamp())
                {
                    return SecondTierWrite.Superseded;
                }

                order = lease.Order;
            }

            _leases.Remove(key);
            _values[key] = new Stored(bytes, [.. store.Tags], order, time.GetTimestamp() + (long)(store.TimeToLive.TotalSeconds * time.TimestampFrequency));
        }

        Announce(node, Invalidation.ForKey(key.Category, key.Key));
        return SecondTierWrite.Stored;
    }

    internal void Invalidate(FakeSecondTier node, Invalidation invalidation)
    {
        lock (_gate)
        {
            if (invalidation.Kind == InvalidationKind.Key)
            {
                var key = new SecondTierKey(invalidation.Category, invalidation.Argument);
                _values.Remove(key);
                _leases.Remove(key);
            }
            else
            {
                _applied.Add((++_order, invalidation));
                foreach (var key in _leases.Keys.Where(k => invalidation.Covers(k.Category, k.Key, [])).ToArray())
                {
                    _leases.Remove(key);
                }
            }
        }

        Announce(node, invalidation);
    }

    void Announce(FakeSecondTier from, Invalidation invalidation)
    {
        FakeSecondTier[] nodes;
        lock (_gate)
        {
            nodes = [.. _nodes.Where(n => n != from)];
        }

        foreach (var node in nodes)
        {
            node.Announce(invalidation);
        }
    }

    sealed record Stored(byte[] Bytes, string[] Tags, long Order, long Ends);

    sealed record LeaseRecord(string Token, long Order, long Ends);
}
