using System.Net;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>One loop's connections to one authority, and the requests that wait for one.</summary>
sealed class ConnectionPool(WireTarget target, IPEndPoint endPoint, int capacity)
{
    public WireTarget Target { get; } = target;

    public int Family { get; } = KernelAddress.Family(endPoint);

    public byte[] Address { get; } = KernelAddress.Encode(endPoint);

    public int Capacity { get; } = capacity;

    public long MaxBodyBytes { get; init; } = 64L << 20;

    /// <summary>Null for plain text.</summary>
    public TlsContext? Tls { get; init; }

    /// <summary>The name or address that the server's certificate is for.</summary>
    public string Host { get; init; } = "";

    public bool Http2 { get; init; }

    /// <summary>Requests that a connection carries at once: 1 over HTTP/1.1 and for users, who do not share connections.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>Connections with room, the most recently used first, so that surplus ones stay idle. Closed and full ones are skipped when taken.</summary>
    public Stack<Connection> Free { get; } = new();

    public Queue<Exchange> Waiting { get; } = new();

    /// <summary>Connecting, idle and busy.</summary>
    public int Total { get; set; }

    public int Connecting { get; set; }

    public bool HasConnected { get; set; }
}
