using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Fettle.LoadTesting.Engine.Native;

/// <summary>An IP end point as the kernel reads it (sockaddr_in, sockaddr_in6).</summary>
static class KernelAddress
{
    public static byte[] Encode(IPEndPoint endPoint)
    {
        var v6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        var bytes = new byte[v6 ? 28 : 16];
        BitConverter.TryWriteBytes(bytes, (ushort)Family(endPoint));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)endPoint.Port);
        endPoint.Address.TryWriteBytes(bytes.AsSpan(v6 ? 8 : 4), out _);
        if (v6)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(24), (uint)endPoint.Address.ScopeId);
        }

        return bytes;
    }

    public static int Family(IPEndPoint endPoint) => endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? Libc.AfInet6 : Libc.AfInet;
}
