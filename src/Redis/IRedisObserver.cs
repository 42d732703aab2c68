namespace Fettle.Redis;

/// <summary>
/// Hears what the server says unasked and what happens to the connection. Called on the connection's reader, in the order of the
/// wire: an invalidation that the server sent before a reply is seen before the caller gets that reply. Calls must return at once
/// and must not wait for a command.
/// </summary>
public interface IRedisObserver
{
    /// <summary>Connected, tracking armed and subscriptions renewed; commands that waited are sent after this returns.</summary>
    void OnConnected();

    /// <summary>The connection was lost (or an attempt to connect failed): whatever was changed elsewhere from now on is not heard of.</summary>
    void OnDisconnected(Exception cause);

    /// <summary>The server says these keys changed (client tracking).</summary>
    void OnInvalidated(ReadOnlySpan<RedisReply> keys);

    /// <summary>The server says everything changed (FLUSHALL, FLUSHDB).</summary>
    void OnInvalidatedAll();

    /// <summary>A message was published to a channel that this connection subscribed to.</summary>
    void OnMessage(string channel, ReadOnlyMemory<byte> payload);
}
