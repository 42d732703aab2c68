using System.Net;
using System.Net.Sockets;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine;

/// <summary>Resolves the host of a base URL and refuses what was not allowed.</summary>
static class TargetHost
{
    /// <exception cref="InvalidOperationException">The host resolves to an address that is not loopback and is not allowed.</exception>
    public static async Task<IPEndPoint> ResolveAsync(Uri url, IReadOnlyList<string> allowed, CancellationToken cancellation)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(url.IdnHost, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(url.IdnHost, cancellation);
        }
        catch (SocketException e)
        {
            throw new IOException($"host '{url.Host}' does not resolve: {e.Message}", e);
        }

        // IPv4 first: a service bound to 127.0.0.1 alone is the common case behind "localhost".
        var address = addresses.OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).FirstOrDefault()
            ?? throw new IOException($"host '{url.Host}' has no address");
        if (!IPAddress.IsLoopback(address) && !allowed.Contains(url.Host, StringComparer.OrdinalIgnoreCase))
        {
            Throw.NotAllowedHost(url.Host);
        }

        return new IPEndPoint(address, url.Port);
    }

    public static WireTarget Wire(Uri url, bool keepAlive) =>
        new(url.Scheme, url.IsDefaultPort ? url.IdnHost : $"{(url.HostNameType == UriHostNameType.IPv6 ? $"[{url.IdnHost.Trim('[', ']')}]" : url.IdnHost)}:{url.Port}", url.AbsolutePath.TrimEnd('/'), keepAlive);
}
