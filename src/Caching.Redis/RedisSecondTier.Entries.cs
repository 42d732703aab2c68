using System.Buffers;
using System.Runtime.CompilerServices;
using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <content>Reads, leases, stores and invalidations.</content>
public sealed partial class RedisSecondTier
{
    const int InvalidationsPerScript = 200;

    /// <summary>How long the second half of a set may take: as long as the longest budget of an operation.</summary>
    const long SetMilliseconds = 10_000;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SecondTierValue> GetAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken)
    {
        var redis = Redis();
        var bytes = await redis.GetLeaseAsync(_keys.Entry(key), cancellationToken);
        if (TryValue(key, bytes is null ? default : bytes.Memory, bytes, out var value, out var seen))
        {
            return value;
        }

        bytes?.Dispose();
        return lease.Duration <= TimeSpan.Zero ? default : await LeaseAfterMissAsync(redis, key, seen, lease, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SecondTierValue>> GetManyAsync(IReadOnlyList<SecondTierKey> keys, LeaseRequest lease, CancellationToken cancellationToken)
    {
        var redis = Redis();
        var names = new RedisArgument[keys.Count];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = _keys.Entry(keys[i]);
        }

        var stored = await redis.GetManyAsync(names, cancellationToken);
        var values = new SecondTierValue[keys.Count];
        var leases = new List<(int Index, Task<SecondTierValue> Task)>();
        for (var i = 0; i < values.Length; i++)
        {
            if (!TryValue(keys[i], stored[i], null, out values[i], out var seen) && lease.Duration > TimeSpan.Zero)
            {
                // All are sent before the first is awaited: one more round trip, not one per key.
                leases.Add((i, LeaseAfterMissAsync(redis, keys[i], seen, lease, cancellationToken).AsTask()));
            }
        }

        foreach (var (index, task) in leases)
        {
            values[index] = await task;
        }

        return values;
    }

    /// <inheritdoc/>
    public async ValueTask<SecondTierLease> LeaseAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken)
    {
        var reply = await RunLeaseAsync(Redis(), key, seen: -1, lease, cancellationToken);
        return new(reply.Items[0].AsText(), reply.Items[1].AsInt64() == 1);
    }

    /// <inheritdoc/>
    public async ValueTask<SecondTierWrite> SetAsync(SecondTierKey key, ReadOnlyMemory<byte> value, SecondTierStore store, CancellationToken cancellationToken)
    {
        var redis = Redis();
        var token = store.LeaseToken ?? await BeginSetAsync(key, cancellationToken);
        var tags = store.Tags.Count == 0 ? [] : store.Tags.Select(TierKeys.Safe).ToArray();
        var arguments = new RedisArgument[13 + tags.Length];
        FillCommon(arguments);
        arguments[2] = _keys.Entry(key);
        arguments[3] = _keys.Lease(key);
        arguments[7] = token;
        arguments[8] = Math.Max(1, (long)store.TimeToLive.TotalMilliseconds);
        arguments[9] = key.Category;
        arguments[10] = TierKeys.Safe(key.Key);
        arguments[11] = StoredEntry.Tail(tags, value.Length);
        arguments[12] = value;
        for (var i = 0; i < tags.Length; i++)
        {
            arguments[13 + i] = tags[i];
        }

        var reply = await TierScripts.Store.RunAsync(redis, 4, arguments, cancellationToken);
        return reply.AsInt64() == 1 ? SecondTierWrite.Stored : SecondTierWrite.Superseded;
    }

    /// <summary>
    /// A set is a removal and, once that is known to be done, a store under the lease that came with it: one that is delayed until another
    /// node has changed the key changes nothing. A single command that was late would put its value over the newer one.
    /// </summary>
    internal async ValueTask<string> BeginSetAsync(SecondTierKey key, CancellationToken cancellationToken)
    {
        var arguments = new RedisArgument[8];
        FillCommon(arguments);
        arguments[2] = _keys.Entry(key);
        arguments[3] = _keys.Lease(key);
        arguments[7] = SetMilliseconds;
        return (await TierScripts.BeginSet.RunAsync(Redis(), 4, arguments, cancellationToken)).AsText()!;
    }

    /// <inheritdoc/>
    public async ValueTask InvalidateAsync(IReadOnlyList<Invalidation> invalidations, CancellationToken cancellationToken)
    {
        var redis = Redis();
        for (var from = 0; from < invalidations.Count; from += InvalidationsPerScript)
        {
            var keys = new List<RedisArgument> { _keys.Root, _keys.Sequence };
            var arguments = new List<RedisArgument> { _keys.Channel, _run, NewEpoch(), _node, _options.MaxGenerations };
            for (var i = from; i < Math.Min(invalidations.Count, from + InvalidationsPerScript); i++)
            {
                var one = invalidations[i];
                if (one.Kind == InvalidationKind.Key)
                {
                    var key = new SecondTierKey(one.Category, one.Argument);
                    keys.Add(_keys.Entry(key));
                    keys.Add(_keys.Lease(key));
                }

                arguments.Add((int)one.Kind);
                arguments.Add(one.Category ?? "");
                arguments.Add(TierKeys.Safe(one.Argument ?? ""));
            }

            await TierScripts.Invalidate.RunAsync(redis, keys.Count, keys.Concat(arguments).ToArray(), cancellationToken);
        }
    }

    /// <summary>
    /// A miss takes a lease. When somebody stored a value between the read and this, the script returns it instead, so that a node that
    /// waits for another's load cannot become a second loader.
    /// </summary>
    async ValueTask<SecondTierValue> LeaseAfterMissAsync(RedisConnection redis, SecondTierKey key, long seen, LeaseRequest lease, CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await RunLeaseAsync(redis, key, seen, lease, cancellationToken);
            if (reply.Kind == RedisReplyKind.Array)
            {
                return new(new SecondTierLease(reply.Items[0].AsText(), reply.Items[1].AsInt64() == 1));
            }

            if (TryValue(key, reply.AsBytes(), null, out var value, out seen))
            {
                return value;
            }

            // The value was void already. Its stamp is known now, so the next call takes the lease unless yet another one came.
            seen = seen == 0 ? -1 : seen;
        }
    }

    ValueTask<RedisReply> RunLeaseAsync(RedisConnection redis, SecondTierKey key, long seen, LeaseRequest lease, CancellationToken cancellationToken)
    {
        var arguments = new RedisArgument[9];
        FillCommon(arguments);
        arguments[2] = _keys.Entry(key);
        arguments[3] = _keys.Lease(key);
        arguments[7] = Math.Max(1, (long)lease.Duration.TotalMilliseconds);
        arguments[8] = seen;
        return TierScripts.Lease.RunAsync(redis, 4, arguments, cancellationToken);
    }

    /// <summary>Root, sequence; (two more keys;) channel, run, fresh epoch.</summary>
    void FillCommon(RedisArgument[] arguments)
    {
        arguments[0] = _keys.Root;
        arguments[1] = _keys.Sequence;
        arguments[4] = _keys.Channel;
        arguments[5] = _run;
        arguments[6] = NewEpoch();
    }

    bool TryValue(SecondTierKey key, ReadOnlyMemory<byte> bytes, IMemoryOwner<byte>? owner, out SecondTierValue value, out long seen)
    {
        value = default;
        seen = 0;
        if (!StoredEntry.TryRead(bytes.Span, out var entry))
        {
            return false;
        }

        seen = entry.Stamp;
        if (!_mirror.IsValid(key, entry))
        {
            return false;
        }

        var remaining = entry.ExpiryMilliseconds - MonotonicMilliseconds() - Volatile.Read(ref _serverOffset);
        value = new(bytes[entry.ValueOffset..], TimeSpan.FromMilliseconds(Math.Max(1, remaining)), owner);
        return true;
    }
}
