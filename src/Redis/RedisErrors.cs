namespace Fettle.Redis;

/// <summary>Anything that goes wrong with a Redis command.</summary>
public class RedisException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The server answered with an error.</summary>
public sealed class RedisServerException : RedisException
{
    internal RedisServerException(string message)
        : base(message)
    {
        var space = message.IndexOf(' ');
        Code = space > 0 ? message[..space] : message;
    }

    /// <summary>The first word of the error, such as <c>ERR</c>, <c>WRONGTYPE</c>, <c>NOSCRIPT</c>, <c>MOVED</c>.</summary>
    public string Code { get; }
}

/// <summary>The connection is down, or was lost before the reply came.</summary>
public sealed class RedisConnectionException : RedisException
{
    internal RedisConnectionException(string message, bool maybeExecuted, Exception? inner = null)
        : base(message, inner) => MaybeExecuted = maybeExecuted;

    /// <summary>True when the command had been handed to the socket, so that the server may have executed it.</summary>
    public bool MaybeExecuted { get; }
}

/// <summary>No reply came within the command's time; the server may still execute it.</summary>
public sealed class RedisTimeoutException : RedisException
{
    internal RedisTimeoutException(string message)
        : base(message)
    {
    }
}

/// <summary>The server sent bytes that are not RESP, or lengths beyond any limit. The connection is closed.</summary>
public sealed class RedisProtocolException : RedisException
{
    internal RedisProtocolException(string message)
        : base(message)
    {
    }
}

/// <summary>The reply has another type than the method expects, or is larger than <see cref="RedisLimits.MaxReplyBytes"/>.</summary>
public sealed class RedisReplyException : RedisException
{
    internal RedisReplyException(string message)
        : base(message)
    {
    }
}
