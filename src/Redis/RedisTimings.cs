namespace Fettle.Redis;

/// <summary>Timeouts, intervals and the clock of a connection.</summary>
public sealed record RedisTimings
{
    /// <summary>TCP, TLS and handshake together, 10 ms to 60 s. Default 2 s.</summary>
    public TimeSpan Connect { get; set => field = Range(nameof(Connect), value, 10, 60_000); } = TimeSpan.FromSeconds(2);

    /// <summary>One command from submission to reply, 1 ms to 1 h. Default 1 s. Checked every few milliseconds.</summary>
    public TimeSpan Command { get; set => field = Range(nameof(Command), value, 1, 3_600_000); } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a command may wait for a connection that is down, 0 to 60 s. Default 0: it fails at once.
    /// Waiting commands are sent, in order, after the handshake and after tracking is armed again.
    /// </summary>
    public TimeSpan OfflineWait { get; set => field = Range(nameof(OfflineWait), value, 0, 60_000); } = TimeSpan.Zero;

    /// <summary>A PING is sent when nothing was received for this long, 50 ms to 60 s. Default 1 s.</summary>
    public TimeSpan Heartbeat { get; set => field = Range(nameof(Heartbeat), value, 50, 60_000); } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The connection is given up when a reply is due and nothing was received for this long, 50 ms to 10 min. Default 3 s.
    /// Blocking commands (XREADGROUP BLOCK) need a connection of their own with a larger value than their block time.
    /// </summary>
    public TimeSpan Silence { get; set => field = Range(nameof(Silence), value, 50, 600_000); } = TimeSpan.FromSeconds(3);

    /// <summary>First wait before connecting again, 10 ms to 30 s. Default 1 s; doubles with jitter.</summary>
    public TimeSpan ReconnectFirst { get; set => field = Range(nameof(ReconnectFirst), value, 10, 30_000); } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two attempts, 10 ms to 30 s. Default 30 s.</summary>
    public TimeSpan ReconnectMax { get; set => field = Range(nameof(ReconnectMax), value, 10, 30_000); } = TimeSpan.FromSeconds(30);

    /// <summary>Clock for timeouts, heartbeats and reconnects. Default the system's.</summary>
    public TimeProvider Clock { get; set => field = value ?? throw new ArgumentNullException(nameof(Clock)); } = TimeProvider.System;

    static TimeSpan Range(string name, TimeSpan value, int lowMs, int highMs) =>
        Throw.InRange(name, value, TimeSpan.FromMilliseconds(lowMs), TimeSpan.FromMilliseconds(highMs), $"Set RedisTimings.{name} within it.");
}
