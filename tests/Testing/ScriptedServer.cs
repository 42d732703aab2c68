using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Fettle.Testing;

/// <summary>
/// A real HTTP/1.1 server on loopback whose every answer is written by the test: raw bytes, in any pieces, after any signal, or not at all.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Func<ScriptedRequest, Task<bool>> _answer;
    readonly X509Certificate2? _certificate;
    readonly ConcurrentBag<Task> _connections = [];
    readonly Task _accepting;
    int _requests;
    int _accepted;

    /// <param name="answer">Writes the answer; returns false to close the connection.</param>
    /// <param name="tls">Speak TLS with a certificate that nobody trusts.</param>
    public ScriptedServer(Func<ScriptedRequest, Task<bool>> answer, bool tls = false)
    {
        _answer = answer;
        _certificate = tls ? SelfSigned() : null;
        _listener.Start(4096);
        BaseUrl = new Uri($"{(tls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri BaseUrl { get; }

    public int Requests => Volatile.Read(ref _requests);

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Answers every request with 200 and a short body.</summary>
    public static ScriptedServer Healthy(bool tls = false) => new(async r =>
    {
        await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return true;
    }, tls);

    /// <summary>A fresh certificate for 127.0.0.1 that no one has signed.</summary>
    public static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
        _certificate?.Dispose();
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
                await using var stream = await OpenAsync(socket);
                var held = new List<byte>();
                var buffer = new byte[16384];
                while (true)
                {
                    var request = Parse(held);
                    if (request is null)
                    {
                        var read = await stream.ReadAsync(buffer, _stop.Token);
                        if (read == 0)
                        {
                            return;
                        }

                        held.AddRange(buffer[..read]);
                        continue;
                    }

                    var number = Interlocked.Increment(ref _requests);
                    if (!await _answer(request with { Number = number, Socket = socket, Stream = stream, Stopping = _stop.Token }))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or IOException or AuthenticationException)
            {
            }
        }
    }

    async Task<Stream> OpenAsync(Socket socket)
    {
        var plain = new NetworkStream(socket);
        if (_certificate is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return secure;
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
        if (first.Length < 3)
        {
            throw new IOException("not a request of HTTP/1.1");
        }

        var body = Encoding.UTF8.GetString([.. held.GetRange(end + 4, length)]);
        held.RemoveRange(0, end + 4 + length);
        return new ScriptedRequest(first[0], first[1], lines[1..], body);
    }
}

/// <summary>One request as it arrived.</summary>
public sealed record ScriptedRequest(string Method, string Path, string[] Headers, string Body)
{
    public int Number { get; init; }

    public Socket Socket { get; init; } = null!;

    public Stream Stream { get; init; } = null!;

    public CancellationToken Stopping { get; init; }

    public string? Header(string name) => Headers.Where(h => h.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(h => h[(name.Length + 1)..].Trim()).FirstOrDefault();

    public async Task WriteAsync(string text) => await WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes) => await Stream.WriteAsync(bytes, Stopping);

    /// <summary>Ends the connection with a reset instead of a proper close.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }
}
