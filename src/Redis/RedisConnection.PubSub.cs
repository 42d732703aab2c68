using Fettle.Redis.Connection;

namespace Fettle.Redis;

/// <content>Push messages and subscriptions.</content>
public sealed partial class RedisConnection
{
    readonly HashSet<string> _channels = new(StringComparer.Ordinal);
    readonly HashSet<string> _patterns = new(StringComparer.Ordinal);

    /// <summary>
    /// Subscribes to a channel; messages go to the observer. Renewed by itself after a reconnect; what was published in between is
    /// lost. With RESP2 a connection that subscribes can do nothing else.
    /// </summary>
    public ValueTask SubscribeAsync(string channel, CancellationToken cancellation = default) => ChangeSubscriptionAsync("SUBSCRIBE", channel, _channels, add: true, cancellation);

    /// <summary>Subscribes to all channels that match a glob pattern.</summary>
    public ValueTask SubscribePatternAsync(string pattern, CancellationToken cancellation = default) => ChangeSubscriptionAsync("PSUBSCRIBE", pattern, _patterns, add: true, cancellation);

    /// <summary>Ends a subscription to a channel.</summary>
    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellation = default) => ChangeSubscriptionAsync("UNSUBSCRIBE", channel, _channels, add: false, cancellation);

    /// <summary>Ends a subscription to a pattern.</summary>
    public ValueTask UnsubscribePatternAsync(string pattern, CancellationToken cancellation = default) => ChangeSubscriptionAsync("PUNSUBSCRIBE", pattern, _patterns, add: false, cancellation);

    /// <summary>Publishes a message; returns how many connections received it.</summary>
    public ValueTask<long> PublishAsync(string channel, RedisArgument payload, CancellationToken cancellation = default) => Int64Async(["PUBLISH", channel, payload], cancellation);

    async ValueTask ChangeSubscriptionAsync(string verb, string name, HashSet<string> names, bool add, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ValueTask<RedisReply> confirmation;
        lock (_gate)
        {
            var limit = _options.Timings.Command;
            if (Refusal(ref limit) is { } refused)
            {
                throw refused;
            }

            // Under RESP3 success has no reply of its own, only a push; the PING behind it says when the server has done it.
            var pending = Enqueue(["PING"], 64, limit, Prelude.ErrorOnly, [verb, name], out var write);
            if (write != WriteNow.No)
            {
                StartFlush(write);
            }

            _ = add ? names.Add(name) : names.Remove(name);
            pending.ListenTo(cancellation);
            confirmation = new(pending, pending.Version);
        }

        FlushInline();
        try
        {
            await confirmation;
        }
        catch (RedisServerException) when (add)
        {
            lock (_gate)
            {
                names.Remove(name);
            }

            throw;
        }
    }

    string[] SubscribedChannels()
    {
        lock (_gate)
        {
            return [.. _channels];
        }
    }

    string[] SubscribedPatterns()
    {
        lock (_gate)
        {
            return [.. _patterns];
        }
    }

    /// <summary>RESP2 sends messages as plain arrays; they are told from replies by their first word.</summary>
    internal static bool IsPush(RedisReply reply, int protocol) =>
        reply.Kind == RedisReplyKind.Push
        || (protocol == 2 && reply.Kind == RedisReplyKind.Array && reply.Items is [{ Kind: RedisReplyKind.Bulk } first, _, ..] && reply.Items.Length is 3 or 4 && IsMessage(first));

    static bool IsMessage(RedisReply word) =>
        word.TextEquals("message"u8) || word.TextEquals("pmessage"u8) || word.TextEquals("subscribe"u8)
        || word.TextEquals("unsubscribe"u8) || word.TextEquals("psubscribe"u8) || word.TextEquals("punsubscribe"u8);

    void HandlePush(RedisReply push)
    {
        var items = push.Items;
        if (items.Length < 2 || _observer is null)
        {
            return;
        }

        _meters.Pushed();
        try
        {
            if (items[0].TextEquals("invalidate"u8))
            {
                if (items[1].IsNull)
                {
                    _observer.OnInvalidatedAll();
                }
                else
                {
                    _observer.OnInvalidated(items[1].Items);
                }
            }
            else if (items.Length >= 3 && items[0].TextEquals("message"u8))
            {
                _observer.OnMessage(items[1].AsText()!, items[2].AsBytes());
            }
            else if (items.Length >= 4 && items[0].TextEquals("pmessage"u8))
            {
                _observer.OnMessage(items[2].AsText()!, items[3].AsBytes());
            }
        }
        catch (Exception e) when (e is not RedisProtocolException)
        {
            _meters.ObserverFailed();
        }
    }
}
