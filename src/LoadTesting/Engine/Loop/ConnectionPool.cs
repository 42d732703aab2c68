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

    /// <summary>The most recently used first, so that surplus connections stay idle. Closed ones are skipped when taken.</summary>
    public Stack<Connection> Idle { get; } = new();

    public Queue<Exchange> Waiting { get; } = new();

    /// <summary>Connecting, idle and busy.</summary>
    public int Total { get; set; }

    public int Connecting { get; set; }

    public bool HasConnected { get; set; }
}
