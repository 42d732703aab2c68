using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Fettle.Testing;

/// <summary>
/// A TCP proxy on loopback between a client and a server, which can cut connections, refuse new ones, hold bytes back, delay them,
/// swallow them (half-open), damage them or send them twice, in either direction, switched while it runs.
/// </summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly int _target;
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<Link, bool> _links = new();
    readonly Task _accepting;
    TaskCompletionSource _flow = Open();
    volatile bool _refuse;
    volatile bool _swallow;
    TimeSpan _delay;
    Func<byte[], byte[]>? _rewriteReplies;

    public FaultyProxy(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    /// <summary>Connections through the proxy now.</summary>
    public int Connections => _links.Count;

    /// <summary>New connections are closed at once.</summary>
    public bool Refuse
    {
        get => _refuse;
        set => _refuse = value;
    }

    /// <summary>Half-open: bytes are taken and thrown away in both directions, nobody is told.</summary>
    public bool Swallow
    {
        get => _swallow;
        set => _swallow = value;
    }

    /// <summary>Every piece of bytes waits this long, order kept.</summary>
    public TimeSpan Delay
    {
        get => _delay;
        set => _delay = value;
    }

    /// <summary>Replaces pieces that come from the server: damage, truncation, duplicates.</summary>
    public Func<byte[], byte[]>? RewriteReplies
    {
        get => _rewriteReplies;
        set => _rewriteReplies = value;
    }

    /// <summary>Nothing passes until <see cref="Release"/>; connections stay open and nothing is lost.</summary>
    public void Hold()
    {
        if (_flow.Task.IsCompleted)
        {
            _flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Release() => _flow.TrySetResult();

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        foreach (var link in _links.Keys)
        {
            link.Reset();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Release();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    static TaskCompletionSource Open()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            if (_refuse)
            {
                client.Close(0);
                continue;
            }

            _ = ServeAsync(client);
        }
    }

    async Task ServeAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        var link = new Link(client, server);
        _links[link] = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PumpAsync(client, server, replies: false), PumpAsync(server, client, replies: true));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The server is down: the client sees its connection reset, as it would without the proxy.
        }
        finally
        {
            link.Reset();
            _links.TryRemove(link, out _);
        }
    }

    async Task PumpAsync(Socket from, Socket to, bool replies)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer, _stop.Token);
                if (read == 0)
                {
                    return;
                }

                if (_delay > TimeSpan.Zero)
                {
                    await Task.Delay(_delay, _stop.Token);
                }

                await _flow.Task;
                if (_swallow)
                {
                    continue;
                }

                var piece = buffer.AsMemory(0, read);
                if (replies && _rewriteReplies is { } rewrite)
                {
                    piece = rewrite(piece.ToArray());
                }

                while (piece.Length > 0)
                {
                    piece = piece[await to.SendAsync(piece, _stop.Token)..];
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut, by either side or by the test.
        }
    }

    sealed class Link(Socket client, Socket server)
    {
        public void Reset()
        {
            client.Close(0);
            server.Close(0);
        }
    }
}
