using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Tests.Engine.Http2;

/// <summary>A server of HTTP/2 on loopback whose every frame is written by the test.</summary>
sealed class FrameServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Func<FramePeer, Task> _talk;
    readonly Task _accepting;
    readonly List<Task> _connections = [];
    int _accepted;

    /// <param name="talk">Called for each connection once the client's preface is there; the connection closes at its end.</param>
    public FrameServer(Func<FramePeer, Task> talk)
    {
        _talk = talk;
        _listener.Start();
        BaseUrl = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri BaseUrl { get; }

    public int Accepted => Volatile.Read(ref _accepted);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _connections.Add(TalkAsync(client, Interlocked.Increment(ref _accepted)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    async Task TalkAsync(TcpClient client, int number)
    {
        using (client)
        {
            client.NoDelay = true;
            var peer = new FramePeer(client.GetStream(), number, _stop.Token);
            try
            {
                var preface = new byte[24];
                await client.GetStream().ReadExactlyAsync(preface, _stop.Token);
                await _talk(peer);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
            }
        }
    }
}

sealed record Frame(FrameType Type, FrameFlags Flags, int Stream, byte[] Payload);

/// <summary>One connection of a <see cref="FrameServer"/>.</summary>
sealed class FramePeer(Stream stream, int number, CancellationToken stopping)
{
    /// <summary>The first connection is 1.</summary>
    public int Number => number;

    /// <summary>":status: 200" from the static table.</summary>
    public static byte[] Ok => [0x88];

    public async Task<Frame> ReadAsync()
    {
        var head = new byte[9];
        await stream.ReadExactlyAsync(head, stopping);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
        await stream.ReadExactlyAsync(payload, stopping);
        return new Frame((FrameType)head[3], (FrameFlags)head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
    }

    /// <summary>The next frame of the type; those before it are dropped.</summary>
    public async Task<Frame> ReadAsync(FrameType type)
    {
        while (true)
        {
            if (await ReadAsync() is { } frame && frame.Type == type)
            {
                return frame;
            }
        }
    }

    public static byte[] Bytes(FrameType type, FrameFlags flags, int id, params byte[] payload)
    {
        var output = new FrameOutput();
        output.Frame(type, flags, id, payload);
        return output.Unsent.ToArray();
    }

    public Task SendAsync(params byte[] bytes) => stream.WriteAsync(bytes, stopping).AsTask();

    public Task SendAsync(FrameType type, FrameFlags flags, int id, params byte[] payload) => SendAsync(Bytes(type, flags, id, payload));

    public Task SettingsAsync(params byte[] settings) => SendAsync(FrameType.Settings, FrameFlags.None, 0, settings);

    /// <summary>Answers every request from now on with an empty 200.</summary>
    public async Task AnswerAllAsync()
    {
        while (true)
        {
            var request = await ReadAsync(FrameType.Headers);
            await SendAsync(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, request.Stream, Ok);
        }
    }
}
