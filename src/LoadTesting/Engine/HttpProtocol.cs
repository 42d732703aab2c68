namespace Fettle.LoadTesting;

/// <summary>The protocol on the wire.</summary>
public enum HttpProtocol
{
    /// <summary>HTTP/1.1; over TLS the framework's client is used.</summary>
    Http11,

    /// <summary>HTTP/2 through the framework's client.</summary>
    Http2,
}
