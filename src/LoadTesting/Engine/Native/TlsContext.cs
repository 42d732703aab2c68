using System.Net;

namespace Fettle.LoadTesting.Engine.Native;

/// <summary>What the TLS connections of a run share: TLS 1.2 or newer, the offered protocol, and whether certificates are checked against the system's.</summary>
sealed unsafe class TlsContext : IDisposable
{
    readonly byte[] _protocol;
    readonly nint _context;

    /// <exception cref="IOException">OpenSSL refuses.</exception>
    public TlsContext(HttpProtocol protocol, bool trustAny)
    {
        _protocol = protocol == HttpProtocol.Http2 ? "h2"u8.ToArray() : "http/1.1"u8.ToArray();
        _context = OpenSsl.NewContext(OpenSsl.ClientMethod());
        if (_context == 0)
        {
            throw new IOException("OpenSSL has no context for a client");
        }

        _ = OpenSsl.ContextControl(_context, OpenSsl.ControlMode, OpenSsl.ModePartialWrites, 0);
        _ = OpenSsl.ContextControl(_context, OpenSsl.ControlLeastVersion, OpenSsl.Tls12, 0);
        _ = OpenSsl.SetOptions(_context, OpenSsl.OptionPlainEnd);
        OpenSsl.SetVerify(_context, trustAny ? OpenSsl.VerifyNone : OpenSsl.VerifyPeer, 0);
        _ = OpenSsl.UseSystemCertificates(_context);
        byte[] offer = [(byte)_protocol.Length, .. _protocol];
        fixed (byte* protocols = offer)
        {
            _ = OpenSsl.SetProtocols(_context, protocols, (uint)offer.Length);
        }
    }

    /// <summary>A session on a connected socket with the server of the given name or address.</summary>
    public TlsSession Begin(int fd, string host)
    {
        var session = OpenSsl.New(_context);
        _ = OpenSsl.SetSocket(session, fd);
        if (IPAddress.TryParse(host, out _))
        {
            _ = OpenSsl.ExpectAddress(OpenSsl.VerifyParameters(session), host);
        }
        else
        {
            _ = OpenSsl.ExpectHost(session, host);
            fixed (byte* name = (byte[])[.. System.Text.Encoding.ASCII.GetBytes(host), 0])
            {
                _ = OpenSsl.Control(session, OpenSsl.ControlServerName, 0, name);
            }
        }

        return new TlsSession(session, _protocol);
    }

    public void Dispose() => OpenSsl.FreeContext(_context);
}
