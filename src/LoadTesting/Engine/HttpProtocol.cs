namespace Fettle.LoadTesting;

/// <summary>The protocol on the wire.</summary>
public enum HttpProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http11,

    /// <summary>HTTP/2: in plain text with prior knowledge, over TLS by ALPN.</summary>
    Http2,
}
