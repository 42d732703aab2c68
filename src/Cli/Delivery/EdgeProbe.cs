using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Fettle.Cli.Delivery;

/// <summary>Where one request's time went, in milliseconds; <c>TlsMs</c> is null over http.</summary>
internal sealed record ProbeResult(int Status, double DnsMs, double ConnectMs, double? TlsMs, double FirstByteMs, double TotalMs, long Bytes, string Edge);

/// <summary>One request on a new connection, timed phase by phase.</summary>
internal static class EdgeProbe
{
    public static async Task<ProbeResult> RunAsync(Uri url, CancellationToken cancellation)
    {
        double dns = 0, connect = 0;
        double? tls = null;
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, token) =>
            {
                var started = Stopwatch.GetTimestamp();
                var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, token);
                dns = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                started = Stopwatch.GetTimestamp();
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, token);
                connect = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                var stream = new NetworkStream(socket, ownsSocket: true);
                if (url.Scheme != Uri.UriSchemeHttps)
                {
                    return stream;
                }

                started = Stopwatch.GetTimestamp();
                var secure = new SslStream(stream);
                await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = url.Host }, token);
                tls = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                return secure;
            },
        };
        using var client = new HttpClient(handler);
        var begun = Stopwatch.GetTimestamp();
        using var answer = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var first = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellation);
        return new ProbeResult((int)answer.StatusCode, dns, connect, tls, first, Stopwatch.GetElapsedTime(begun).TotalMilliseconds, bytes.Length, Edge(answer));
    }

    /// <summary>What the caches on the way say of themselves: RFC 9211 first, then the vendors' own headers.</summary>
    internal static string Edge(HttpResponseMessage answer)
    {
        foreach (var name in new[] { "Cache-Status", "CF-Cache-Status", "X-Cache", "X-Cache-Status" })
        {
            if (answer.Headers.TryGetValues(name, out var values))
            {
                return $"{name}: {string.Join(", ", values)}";
            }
        }

        return answer.Headers.Age is { } age ? $"Age: {age.TotalSeconds:0}" : "no cache says so";
    }
}
