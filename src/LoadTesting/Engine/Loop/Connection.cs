using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine.Loop;

enum ConnectionState
{
    Connecting,
    Idle,
    Busy,
    Closed,
}

/// <summary>
/// One socket. It holds no buffers while idle: answers are parsed from the loop's buffer, and only the rest of a
/// request that the socket did not take at once is referenced.
/// </summary>
sealed class Connection(ConnectionPool pool, int fd, int slot, int generation, long opened)
{
    public ConnectionPool Pool { get; } = pool;

    public int Fd { get; } = fd;

    public int Slot { get; } = slot;

    /// <summary>Tells events of this socket from those of an earlier one in the same slot.</summary>
    public int Generation { get; } = generation;

    public long Opened { get; } = opened;

    public long Token => (long)Generation << 32 | (uint)Slot;

    public ConnectionState State { get; set; }

    public ResponseParser Parser { get; } = new(maxBodyBytes: pool.MaxBodyBytes);

    public Exchange Exchange;

    /// <summary>How many requests this connection has carried before the present one.</summary>
    public int Carried { get; set; }

    public byte[]? Wire { get; set; }

    public int Written { get; set; }

    /// <summary>The poller also waits for room to write.</summary>
    public bool AwaitsRoom { get; set; }
}
