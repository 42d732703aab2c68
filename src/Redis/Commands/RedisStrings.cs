namespace Fettle.Redis;

/// <summary>When <see cref="RedisStrings.SetAsync"/> writes.</summary>
public enum RedisSetWhen
{
    /// <summary>Always.</summary>
    Always,

    /// <summary>Only when the key does not exist (NX).</summary>
    Absent,

    /// <summary>Only when the key exists (XX).</summary>
    Present,
}

/// <summary>Commands on single keys and strings.</summary>
public static class RedisStrings
{
    /// <summary>GET: the value, or null when the key does not exist. Allocates the value alone.</summary>
    public static ValueTask<byte[]?> GetAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default) =>
        redis.BytesAsync(["GET", key], cancellation);

    /// <summary>GET into a rented array, for callers that decode the value and keep nothing of it; null when the key does not exist.</summary>
    public static ValueTask<RedisLease?> GetLeaseAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default) =>
        redis.LeaseAsync(["GET", key], cancellation);

    /// <summary>GET as UTF-8 text.</summary>
    public static ValueTask<string?> GetTextAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default) =>
        redis.TextAsync(["GET", key], cancellation);

    /// <summary>
    /// GET that also asks the server to say when the key changes (CLIENT CACHING YES; the connection must track in opt-in mode).
    /// </summary>
    public static ValueTask<byte[]?> GetTrackedAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default) =>
        redis.TrackedBytesAsync(["GET", key], cancellation);

    /// <summary>SET with an optional time to live (milliseconds precision) and condition; false when the condition was not met.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time to live is below one millisecond.</exception>
    public static ValueTask<bool> SetAsync(
        this RedisConnection redis, RedisArgument key, RedisArgument value, TimeSpan? timeToLive = null, RedisSetWhen when = RedisSetWhen.Always, CancellationToken cancellation = default)
    {
        if (timeToLive is not { } life)
        {
            return when switch
            {
                RedisSetWhen.Absent => redis.BooleanAsync(["SET", key, value, "NX"], cancellation),
                RedisSetWhen.Present => redis.BooleanAsync(["SET", key, value, "XX"], cancellation),
                _ => redis.BooleanAsync(["SET", key, value], cancellation),
            };
        }

        var milliseconds = (long)life.TotalMilliseconds;
        if (milliseconds < 1)
        {
            Throw.OutOfRange(nameof(timeToLive), life, "1 ms or more", "Pass null for no limit.");
        }

        return when switch
        {
            RedisSetWhen.Absent => redis.BooleanAsync(["SET", key, value, "PX", milliseconds, "NX"], cancellation),
            RedisSetWhen.Present => redis.BooleanAsync(["SET", key, value, "PX", milliseconds, "XX"], cancellation),
            _ => redis.BooleanAsync(["SET", key, value, "PX", milliseconds], cancellation),
        };
    }

    /// <summary>MGET: one value or null for each key, in order.</summary>
    public static async ValueTask<byte[]?[]> GetManyAsync(this RedisConnection redis, IReadOnlyList<RedisArgument> keys, CancellationToken cancellation = default)
    {
        if (keys.Count == 0)
        {
            return [];
        }

        var reply = await redis.ExecuteAsync([(RedisArgument)"MGET", .. keys], cancellation);
        var values = new byte[]?[reply.Items.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reply.Items[i].AsBytes();
        }

        return values;
    }

    /// <summary>MSET: writes all pairs in one step.</summary>
    public static async ValueTask SetManyAsync(this RedisConnection redis, IReadOnlyList<(RedisArgument Key, RedisArgument Value)> pairs, CancellationToken cancellation = default)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        var arguments = new RedisArgument[1 + (pairs.Count * 2)];
        arguments[0] = "MSET";
        for (var i = 0; i < pairs.Count; i++)
        {
            arguments[1 + (i * 2)] = pairs[i].Key;
            arguments[2 + (i * 2)] = pairs[i].Value;
        }

        await redis.ExecuteAsync(arguments, cancellation);
    }

    /// <summary>DEL: true when the key existed.</summary>
    public static ValueTask<bool> DeleteAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default) =>
        redis.BooleanAsync(["DEL", key], cancellation);

    /// <summary>INCRBY: the new value.</summary>
    public static ValueTask<long> IncrementAsync(this RedisConnection redis, RedisArgument key, long by = 1, CancellationToken cancellation = default) =>
        redis.Int64Async(["INCRBY", key, by], cancellation);

    /// <summary>PEXPIRE: true when the key exists.</summary>
    public static ValueTask<bool> ExpireAsync(this RedisConnection redis, RedisArgument key, TimeSpan timeToLive, CancellationToken cancellation = default) =>
        redis.BooleanAsync(["PEXPIRE", key, (long)timeToLive.TotalMilliseconds], cancellation);

    /// <summary>PTTL: the time left, or null when the key has no limit or does not exist.</summary>
    public static async ValueTask<TimeSpan?> TimeToLiveAsync(this RedisConnection redis, RedisArgument key, CancellationToken cancellation = default)
    {
        var left = await redis.Int64Async(["PTTL", key], cancellation);
        return left < 0 ? null : TimeSpan.FromMilliseconds(left);
    }

    /// <summary>PING: the time of one round trip.</summary>
    public static async ValueTask<TimeSpan> PingAsync(this RedisConnection redis, CancellationToken cancellation = default)
    {
        var start = TimeProvider.System.GetTimestamp();
        await redis.ExecuteAsync(["PING"], cancellation);
        return TimeProvider.System.GetElapsedTime(start);
    }
}
