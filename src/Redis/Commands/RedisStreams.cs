namespace Fettle.Redis;

/// <summary>One entry of a stream.</summary>
/// <param name="Id">Its identifier, such as <c>1700000000000-0</c>.</param>
/// <param name="Fields">Names and values.</param>
public sealed record RedisStreamEntry(string Id, IReadOnlyList<KeyValuePair<string, byte[]>> Fields)
{
    /// <summary>The first value with this name, or null.</summary>
    public byte[]? this[string name]
    {
        get
        {
            foreach (var field in Fields)
            {
                if (field.Key == name)
                {
                    return field.Value;
                }
            }

            return null;
        }
    }
}

/// <summary>Streams with consumer groups: work handed out once, acknowledged, and taken over when a consumer dies.</summary>
public static class RedisStreams
{
    /// <summary>XADD: appends an entry and returns its identifier.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="stream">Key of the stream.</param>
    /// <param name="fields">At least one name and value.</param>
    /// <param name="maxLength">Keeps about this many of the newest entries; null keeps all.</param>
    /// <param name="cancellation">Cancels the wait; the entry may be added all the same.</param>
    public static async ValueTask<string> StreamAddAsync(
        this RedisConnection redis, RedisArgument stream, IReadOnlyList<(RedisArgument Name, RedisArgument Value)> fields, long? maxLength = null, CancellationToken cancellation = default)
    {
        var arguments = new List<RedisArgument> { "XADD", stream };
        if (maxLength is { } most)
        {
            arguments.AddRange(["MAXLEN", "~", Throw.InRange(nameof(maxLength), most, 1, long.MaxValue, "Pass null to keep all entries.")]);
        }

        arguments.Add("*");
        foreach (var (name, value) in fields)
        {
            arguments.Add(name);
            arguments.Add(value);
        }

        return (await redis.ExecuteAsync([.. arguments], cancellation)).AsText()!;
    }

    /// <summary>XGROUP CREATE with MKSTREAM: false when the group exists already.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="stream">Key of the stream; made when missing.</param>
    /// <param name="group">Name of the group.</param>
    /// <param name="from">First entry to hand out: <c>0</c> for all there are, <c>$</c> for those to come.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    public static async ValueTask<bool> StreamCreateGroupAsync(this RedisConnection redis, RedisArgument stream, string group, string from = "0", CancellationToken cancellation = default)
    {
        try
        {
            await redis.ExecuteAsync(["XGROUP", "CREATE", stream, group, from, "MKSTREAM"], cancellation);
            return true;
        }
        catch (RedisServerException e) when (e.Code == "BUSYGROUP")
        {
            return false;
        }
    }

    /// <summary>
    /// XREADGROUP of entries no consumer has had yet. Waits on the server up to <paramref name="block"/>: use a connection of its
    /// own for that, since commands behind it wait too.
    /// </summary>
    public static async ValueTask<IReadOnlyList<RedisStreamEntry>> StreamReadGroupAsync(
        this RedisConnection redis, RedisArgument stream, string group, string consumer, int count, TimeSpan? block = null, CancellationToken cancellation = default)
    {
        var most = Throw.InRange(nameof(count), count, 1, 1_000_000, "Read that many entries at most in one call.");
        var reply = block is { } wait
            ? await redis.ExecuteAsync(
                ["XREADGROUP", "GROUP", group, consumer, "COUNT", most, "BLOCK", Math.Max(1, (long)wait.TotalMilliseconds), "STREAMS", stream, ">"],
                cancellation,
                redis.CommandTime + wait)
            : await redis.ExecuteAsync(["XREADGROUP", "GROUP", group, consumer, "COUNT", most, "STREAMS", stream, ">"], cancellation);
        if (reply.IsNull)
        {
            return [];
        }

        // RESP3 answers a map of stream and entries, RESP2 a list of pairs.
        return Entries(reply.Kind == RedisReplyKind.Map ? reply.Items[1] : reply.Items[0].Items[1]);
    }

    /// <summary>XACK: how many of the entries were pending and are done now.</summary>
    public static ValueTask<long> StreamAcknowledgeAsync(this RedisConnection redis, RedisArgument stream, string group, IReadOnlyList<string> ids, CancellationToken cancellation = default)
    {
        var arguments = new RedisArgument[3 + ids.Count];
        (arguments[0], arguments[1], arguments[2]) = ("XACK", stream, group);
        for (var i = 0; i < ids.Count; i++)
        {
            arguments[3 + i] = ids[i];
        }

        return redis.Int64Async(arguments, cancellation);
    }

    /// <summary>
    /// XAUTOCLAIM: takes over entries whose consumer has not acknowledged them for <paramref name="minIdle"/>. Returns them and the
    /// place to go on from (<c>0-0</c> when the whole list was seen).
    /// </summary>
    public static async ValueTask<(IReadOnlyList<RedisStreamEntry> Entries, string Next)> StreamAutoClaimAsync(
        this RedisConnection redis, RedisArgument stream, string group, string consumer, TimeSpan minIdle, string from = "0-0", int count = 100, CancellationToken cancellation = default)
    {
        var reply = await redis.ExecuteAsync(["XAUTOCLAIM", stream, group, consumer, (long)minIdle.TotalMilliseconds, from, "COUNT", count], cancellation);
        return (Entries(reply.Items[1]), reply.Items[0].AsText()!);
    }

    static List<RedisStreamEntry> Entries(RedisReply list)
    {
        var entries = new List<RedisStreamEntry>(list.Items.Length);
        foreach (var item in list.Items)
        {
            // A deleted entry is a null, or an identifier with null fields.
            if (item.IsNull || item.Items[1].IsNull)
            {
                continue;
            }

            var raw = item.Items[1].Items;
            var fields = new KeyValuePair<string, byte[]>[raw.Length / 2];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = new(raw[i * 2].AsText()!, raw[(i * 2) + 1].AsBytes()!);
            }

            entries.Add(new(item.Items[0].AsText()!, fields));
        }

        return entries;
    }
}
