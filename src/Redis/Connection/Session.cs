using System.Net.Sockets;
using Fettle.Redis.Protocol;

namespace Fettle.Redis.Connection;

/// <summary>One TCP connection that has finished its handshake.</summary>
internal sealed class Session(Stream stream, RespParser parser, int protocol) : IDisposable
{
    readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Stream Stream => stream;

    public RespParser Parser => parser;

    public int Protocol => protocol;

    /// <summary>What is being written; swapped with the connection's buffer of unsent commands.</summary>
    public CommandBuffer Sending { get; set; } = new();

    /// <summary>True while somebody writes; guarded by the connection's lock.</summary>
    public bool Flushing { get; set; }

    /// <summary>Timestamp of the last byte received.</summary>
    public long LastReceived { get; set; }

    /// <summary>Bytes that came with the last handshake reply.</summary>
    public byte[] Leftover { get; set; } = [];

    public Task<Exception> Lost => _lost.Task;

    public void SetLost(Exception cause) => _lost.TrySetResult(cause);

    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The peer is gone; there is nobody left to tell.
        }
    }
}
