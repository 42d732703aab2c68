using System.Text;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting;

/// <summary>One HTTP request as the generator sends it. Immutable: share one object for as many sends as you like.</summary>
public sealed class LoadRequest
{
    static readonly string[] OwnHeaders = ["Content-Length", "Transfer-Encoding", "Connection"];

    WireForm? _wire;
    WireForm? _block;

    /// <summary>Creates a request and checks that it cannot break the framing of HTTP/1.1.</summary>
    /// <param name="name">The name under which reports count it, for example <c>predict</c>.</param>
    /// <param name="method">The method, for example <c>GET</c>.</param>
    /// <param name="path">Path and query, beginning with <c>/</c>, already percent-encoded.</param>
    /// <param name="body">The body; empty for none.</param>
    /// <param name="headers">Further headers; Host, Content-Length and Connection are written by the engine.</param>
    /// <exception cref="ArgumentException">Method, path or a header has characters that HTTP does not allow there.</exception>
    public LoadRequest(string name, string method, string path, ReadOnlyMemory<byte> body = default, IReadOnlyList<KeyValuePair<string, string>>? headers = null)
    {
        Name = name;
        Method = Token(nameof(method), method);
        Path = path.StartsWith('/') && !path.AsSpan().ContainsAnyInRange('\0', ' ') && !path.Contains('\x7f')
            ? path : throw new ArgumentException($"path is '{path}'; it begins with '/' and has no blanks or control characters", nameof(path));
        Body = body;
        Headers = headers ?? [];
        foreach (var (key, value) in Headers)
        {
            Token("header name", key);
            if (OwnHeaders.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                Throw.Invalid("header", key, "the engine writes it itself; remove it");
            }

            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
            {
                Throw.Invalid($"header {key}", value, "line breaks are not allowed in a header value");
            }
        }
    }

    /// <summary>The name under which reports count it.</summary>
    public string Name { get; }

    /// <summary>The HTTP method.</summary>
    public string Method { get; }

    /// <summary>Path and query.</summary>
    public string Path { get; }

    /// <summary>The body; empty for none.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Headers beside those that the engine writes.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>A GET request.</summary>
    public static LoadRequest Get(string path, string? name = null) => new(name ?? path, "GET", path);

    /// <summary>A POST request with a JSON body.</summary>
    public static LoadRequest PostJson(string path, string json, string? name = null) =>
        new(name ?? path, "POST", path, Encoding.UTF8.GetBytes(json), [new("Content-Type", "application/json")]);

    /// <summary>The same request under another name object.</summary>
    internal LoadRequest Named(string name) => new(name, Method, Path, Body, Headers) { Expected = Expected };

    /// <summary>Which statuses are right; null for 200 to 299.</summary>
    internal IReadOnlyList<int>? Expected { get; init; }

    internal bool Accepts(int status) => Expected is null ? status is >= 200 and < 300 : Expected.Contains(status);

    /// <summary>The message of HTTP/1.1 for a target; kept for the last one asked for.</summary>
    internal byte[] Wire(WireTarget target) => Kept(ref _wire, target, RequestWriter.Write);

    /// <summary>The header block of HTTP/2 for a target; kept for the last one asked for.</summary>
    internal byte[] HeaderBlock(WireTarget target) => Kept(ref _block, target, HeaderWriter.Write);

    byte[] Kept(ref WireForm? kept, WireTarget target, Func<LoadRequest, WireTarget, byte[]> write)
    {
        if (kept is { } form && ReferenceEquals(form.Target, target))
        {
            return form.Bytes;
        }

        var bytes = write(this, target);
        kept = new WireForm(target, bytes);
        return bytes;
    }

    static string Token(string what, string value)
    {
        if (value.Length == 0 || value.Any(c => !(char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c))))
        {
            Throw.Invalid(what, value, "only letters, digits and !#$%&'*+-.^_`|~ are allowed");
        }

        return value;
    }
}
