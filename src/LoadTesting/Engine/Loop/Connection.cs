using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

enum ConnectionState
{
    Connecting,
    Handshaking,
    Open,
    Closed,
}

/// <summary>
/// One socket and what is spoken on it. It holds no buffers while idle: answers are parsed from the loop's buffer, and only what the
/// socket did not take at once is referenced.
/// </summary>
abstract class Connection(ConnectionPool pool, int fd, int slot, int generation, long opened)
{
    public ConnectionPool Pool { get; } = pool;

    public int Fd { get; } = fd;

    public int Slot { get; } = slot;

    /// <summary>Tells events of this socket from those of an earlier one in the same slot.</summary>
    public int Generation { get; } = generation;

    public long Opened { get; } = opened;

    public long Token => (long)Generation << 32 | (uint)Slot;

    public ConnectionState State { get; set; }

    /// <summary>Null for plain text.</summary>
    public TlsSession? Tls { get; set; }

    /// <summary>How many requests this connection has carried to their end.</summary>
    public int Carried { get; protected set; }

    /// <summary>The poller also waits for room to write.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>Stands among the pool's connections with room.</summary>
    public bool Listed { get; set; }

    /// <summary>Stands among those that write at the end of the loop's turn.</summary>
    public bool Dirty { get; set; }

    /// <summary>Requests under way.</summary>
    public abstract int Active { get; }

    /// <summary>Whether another request may begin now.</summary>
    public abstract bool HasRoom { get; }

    /// <summary>What the socket has still to take.</summary>
    public abstract ReadOnlySpan<byte> Unsent { get; }

    public abstract void Took(int bytes);

    /// <summary>Nothing more can be written; what can be read may still be an answer.</summary>
    public abstract void StopWriting();

    /// <summary>The connection is up.</summary>
    public virtual void Established(EngineLoop loop)
    {
    }

    public abstract void Begin(in Exchange exchange, EngineLoop loop);

    public abstract void Received(ReadOnlySpan<byte> data, EngineLoop loop);

    /// <summary>The peer has ended the connection in an orderly way.</summary>
    public abstract void Ended(EngineLoop loop);

    public abstract void Broke(string error, string detail, EngineLoop loop);

    /// <summary>Ends what is beyond its deadline.</summary>
    public abstract void Expire(long now, EngineLoop loop);

    /// <summary>Gives back what is held; the socket is closed.</summary>
    public virtual void Release()
    {
    }

    /// <summary>Whether a request may be sent a second time although the first may have arrived.</summary>
    protected static bool Repeatable(in Exchange exchange) => !exchange.Retried && exchange.Request.Method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";
}
