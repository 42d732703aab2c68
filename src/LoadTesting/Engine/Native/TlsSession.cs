using System.Runtime.InteropServices;

namespace Fettle.LoadTesting.Engine.Native;

enum TlsOutcome
{
    Done,
    WantsRead,
    WantsWrite,
    Closed,
    Failed,
}

/// <summary>TLS on one non-blocking socket; the socket stays its owner's.</summary>
sealed unsafe class TlsSession(nint session, byte[] protocol) : IDisposable
{
    bool _disposed;

    /// <summary>What failed, after <see cref="TlsOutcome.Failed"/>.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Goes on with the handshake; done when the protocol is agreed as well.</summary>
    public TlsOutcome Handshake(bool protocolRequired)
    {
        OpenSsl.ClearErrors();
        var outcome = OpenSsl.Connect(session);
        if (outcome != 1)
        {
            return Judge(outcome);
        }

        byte* name;
        uint length;
        OpenSsl.SelectedProtocol(session, &name, &length);
        if (protocolRequired && !new ReadOnlySpan<byte>(name, (int)length).SequenceEqual(protocol))
        {
            Fault = "the server does not offer HTTP/2";
            return TlsOutcome.Failed;
        }

        return TlsOutcome.Done;
    }

    public TlsOutcome Read(byte* buffer, int length, out int read)
    {
        OpenSsl.ClearErrors();
        read = OpenSsl.Read(session, buffer, length);
        return read > 0 ? TlsOutcome.Done : Judge(read);
    }

    public TlsOutcome Write(ReadOnlySpan<byte> data, out int written)
    {
        OpenSsl.ClearErrors();
        fixed (byte* bytes = data)
        {
            written = OpenSsl.Write(session, bytes, data.Length);
        }

        return written > 0 ? TlsOutcome.Done : Judge(written);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            OpenSsl.Free(session);
        }
    }

    TlsOutcome Judge(int outcome)
    {
        switch (OpenSsl.GetError(session, outcome))
        {
            case OpenSsl.ErrorWantRead:
                return TlsOutcome.WantsRead;
            case OpenSsl.ErrorWantWrite:
                return TlsOutcome.WantsWrite;
            case OpenSsl.ErrorClosed:
                return TlsOutcome.Closed;
            case OpenSsl.ErrorSystem:
                var errno = Marshal.GetLastSystemError();
                Fault = errno == 0 ? "the connection was closed" : Marshal.GetPInvokeErrorMessage(errno);
                return errno == 0 ? TlsOutcome.Closed : TlsOutcome.Failed;
            default:
                Fault = Reason();
                return TlsOutcome.Failed;
        }
    }

    string Reason()
    {
        var reason = Marshal.PtrToStringUTF8(OpenSsl.ErrorText(OpenSsl.NextError())) ?? "TLS failed";
        var verify = OpenSsl.VerifyResult(session);
        return verify == 0 ? reason : $"{reason}: {Marshal.PtrToStringUTF8(OpenSsl.VerifyText(verify))}";
    }
}
