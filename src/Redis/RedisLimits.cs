namespace Fettle.Redis;

/// <summary>Bounds on what one connection may hold in memory.</summary>
public sealed record RedisLimits
{
    /// <summary>
    /// Largest reply in bytes, nested items included, 1 KiB to 512 MiB. Default 64 MiB.
    /// A larger one is skipped without being stored: its command fails and the connection lives on.
    /// </summary>
    public int MaxReplyBytes { get; set => field = Throw.InRange(nameof(MaxReplyBytes), value, 1024, 512 << 20, "Set RedisLimits.MaxReplyBytes within it."); } = 64 << 20;

    /// <summary>Commands without a reply, 1 to 1,000,000. Default 16,384. Further callers wait their turn (back-pressure).</summary>
    public int MaxPending { get; set => field = Throw.InRange(nameof(MaxPending), value, 1, 1_000_000, "Set RedisLimits.MaxPending within it."); } = 16_384;

    /// <summary>Bytes not yet handed to the socket, 4 KiB to 1 GiB. Default 64 MiB. Further callers wait; one command larger than this is refused.</summary>
    public int MaxUnsentBytes { get; set => field = Throw.InRange(nameof(MaxUnsentBytes), value, 4096, 1 << 30, "Set RedisLimits.MaxUnsentBytes within it."); } = 64 << 20;
}
