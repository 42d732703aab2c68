using System.Runtime.InteropServices;

namespace Fettle.LoadTesting.Engine.Native;

/// <summary>The few calls of OpenSSL 3 that TLS on the engine's own sockets needs; the framework's TLS stands on the same library.</summary>
static unsafe partial class OpenSsl
{
    const string Ssl = "libssl.so.3";
    const string Crypto = "libcrypto.so.3";

    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorSystem = 5;
    public const int ErrorClosed = 6;

    public const int VerifyNone = 0;
    public const int VerifyPeer = 1;
    public const int ControlMode = 33;
    public const int ControlServerName = 55;
    public const int ControlLeastVersion = 123;
    public const int Tls12 = 0x0303;

    /// <summary>SSL_MODE_ENABLE_PARTIAL_WRITE and SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER.</summary>
    public const int ModePartialWrites = 1 | 2;

    /// <summary>SSL_OP_IGNORE_UNEXPECTED_EOF: a peer that closes without a farewell has closed.</summary>
    public const ulong OptionPlainEnd = 1 << 7;

    /// <summary>Whether the library is there.</summary>
    public static bool Available { get; } = OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Crypto, out _) && NativeLibrary.TryLoad(Ssl, out _);

    [LibraryImport(Ssl, EntryPoint = "TLS_client_method")]
    public static partial nint ClientMethod();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ContextControl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_options")]
    public static partial ulong SetOptions(nint context, ulong options);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_verify")]
    public static partial void SetVerify(nint context, int mode, nint callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_default_verify_paths")]
    public static partial int UseSystemCertificates(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_alpn_protos")]
    public static partial int SetProtocols(nint context, byte* protocols, uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_new")]
    public static partial nint New(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_free")]
    public static partial void Free(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_fd")]
    public static partial int SetSocket(nint session, int fd);

    [LibraryImport(Ssl, EntryPoint = "SSL_ctrl")]
    public static partial nint Control(nint session, int command, nint number, byte* pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_set1_host", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ExpectHost(nint session, string host);

    [LibraryImport(Ssl, EntryPoint = "SSL_get0_param")]
    public static partial nint VerifyParameters(nint session);

    [LibraryImport(Crypto, EntryPoint = "X509_VERIFY_PARAM_set1_ip_asc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ExpectAddress(nint parameters, string address);

    [LibraryImport(Ssl, EntryPoint = "SSL_connect")]
    public static partial int Connect(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_read")]
    public static partial int Read(nint session, byte* buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_write")]
    public static partial int Write(nint session, byte* buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_error")]
    public static partial int GetError(nint session, int outcome);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_verify_result")]
    public static partial nint VerifyResult(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get0_alpn_selected")]
    public static partial void SelectedProtocol(nint session, byte** name, uint* length);

    [LibraryImport(Crypto, EntryPoint = "X509_verify_cert_error_string")]
    public static partial nint VerifyText(nint result);

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Crypto, EntryPoint = "ERR_get_error")]
    public static partial nuint NextError();

    [LibraryImport(Crypto, EntryPoint = "ERR_reason_error_string")]
    public static partial nint ErrorText(nuint error);
}
