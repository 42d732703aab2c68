using System.Text;

namespace Fettle.LoadTesting.Engine.Http;

/// <summary>Where requests go: scheme, the authority of the Host header, a prefix of every path, and whether connections are kept.</summary>
sealed record WireTarget(string Scheme, string Authority, string PathPrefix, bool KeepAlive);

/// <summary>A request as bytes for one target: a whole message of HTTP/1.1 or a header block of HTTP/2.</summary>
sealed record WireForm(WireTarget Target, byte[] Bytes);

/// <summary>Writes HTTP/1.1 requests (RFC 9112). <see cref="LoadRequest"/> has already refused what would break the framing.</summary>
static class RequestWriter
{
    public static byte[] Write(LoadRequest request, WireTarget target)
    {
        var head = new StringBuilder(256);
        head.Append(request.Method).Append(' ').Append(target.PathPrefix).Append(request.Path).Append(" HTTP/1.1\r\n");
        if (!request.Headers.Any(h => h.Key.Equals("Host", StringComparison.OrdinalIgnoreCase)))
        {
            head.Append("Host: ").Append(target.Authority).Append("\r\n");
        }

        foreach (var (key, value) in request.Headers)
        {
            head.Append(key).Append(": ").Append(value).Append("\r\n");
        }

        if (request.Body.Length > 0 || request.Method is "POST" or "PUT" or "PATCH")
        {
            head.Append("Content-Length: ").Append(request.Body.Length).Append("\r\n");
        }

        head.Append(target.KeepAlive ? "\r\n" : "Connection: close\r\n\r\n");
        var text = head.ToString();
        var length = Encoding.UTF8.GetByteCount(text);
        var bytes = new byte[length + request.Body.Length];
        Encoding.UTF8.GetBytes(text, bytes);
        request.Body.Span.CopyTo(bytes.AsSpan(length));
        return bytes;
    }
}
