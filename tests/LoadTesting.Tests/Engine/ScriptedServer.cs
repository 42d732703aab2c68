using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fettle.LoadTesting.Tests.Engine;

/// <summary>
/// A real HTTP/1.1 server on loopback whose every answer is written by the test: raw bytes, in any pieces, after any signal, or not at all.
/// </summary>
sealed class ScriptedServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Func<ScriptedRequest, Task<bool>> _answer;
    readonly ConcurrentBag<Task> _connections = [];
    readonly Task _accepting;
    int _requests;
    int _accepted;

    /// <param name="answer">Writes the answer; returns false to close the connection.</param>
    public ScriptedServer(Func<ScriptedRequest, Task<bool>> answer)
    {
        _answer = answer;
        _listener.Start(4096);
        BaseUrl = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri BaseUrl { get; }

    public int Requests => Volatile.Read(ref _requests);

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Answers every request with 200 and a short body.</summary>
    public static ScriptedServer Healthy() => new(async r =>
    {
        await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return true;
    });

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
            while (!_stop.IsCancellationRequested)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                Interlocked.Increment(ref _accepted);
                _connections.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var held = new List<byte>();
                var buffer = new byte[16384];
                while (true)
                {
                    var request = Parse(held);
                    if (request is null)
                    {
                        var read = await socket.ReceiveAsync(buffer, _stop.Token);
                        if (read == 0)
                        {
                            return;
                        }

                        held.AddRange(buffer[..read]);
                        continue;
                    }

                    var number = Interlocked.Increment(ref _requests);
                    if (!await _answer(request with { Number = number, Socket = socket, Stopping = _stop.Token }))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
            }
        }
    }

    static ScriptedRequest? Parse(List<byte> held)
    {
        var text = Encoding.Latin1.GetString([.. held]);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var lines = text[..end].Split("\r\n");
        var length = lines.Where(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Select(l => int.Parse(l[15..])).FirstOrDefault();
        if (held.Count < end + 4 + length)
        {
            return null;
        }

        var first = lines[0].Split(' ');
        held.RemoveRange(0, end + 4 + length);
        return new ScriptedRequest(first[0], first[1], lines[1..], text.Substring(end + 4, length));
    }
}

/// <summary>One request as it arrived.</summary>
sealed record ScriptedRequest(string Method, string Path, string[] Headers, string Body)
{
    public int Number { get; init; }

    public Socket Socket { get; init; } = null!;

    public CancellationToken Stopping { get; init; }

    public string? Header(string name) => Headers.Where(h => h.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(h => h[(name.Length + 1)..].Trim()).FirstOrDefault();

    public async Task WriteAsync(string text) => await WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None, Stopping)..];
        }
    }

    /// <summary>Ends the connection with a reset instead of a proper close.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }
}
