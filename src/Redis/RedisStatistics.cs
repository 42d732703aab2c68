namespace Fettle.Redis;

/// <summary>Counters of one connection since it was started.</summary>
/// <param name="Commands">Replies received.</param>
/// <param name="Errors">Of these, error replies.</param>
/// <param name="Timeouts">Commands whose caller got a timeout.</param>
/// <param name="Waits">Commands that had to wait for room (back-pressure).</param>
/// <param name="Connects">Connections made.</param>
/// <param name="ConnectFailures">Attempts to connect that failed.</param>
/// <param name="Losses">Connections lost.</param>
/// <param name="Pushes">Push messages received.</param>
/// <param name="BytesSent">Bytes handed to the socket.</param>
/// <param name="BytesReceived">Bytes received.</param>
/// <param name="Pending">Commands waiting for a reply now.</param>
public sealed record RedisStatistics(
    long Commands,
    long Errors,
    long Timeouts,
    long Waits,
    long Connects,
    long ConnectFailures,
    long Losses,
    long Pushes,
    long BytesSent,
    long BytesReceived,
    int Pending);
