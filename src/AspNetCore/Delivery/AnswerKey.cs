using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>
/// The key of an answer: the inputs themselves, not a digest, so that two requests share an answer only when they are equal. A body is left
/// in the request for the endpoint to read.
/// </summary>
internal static class AnswerKey
{
    /// <summary>Longer bodies are not worth a key.</summary>
    const int LongestBody = 4096;

    public static async ValueTask<string?> OfAsync(HttpRequest request, string version)
    {
        if (!HttpMethods.IsPost(request.Method))
        {
            // Its length tells where the path ends: decoded, it may hold a question mark itself.
            return string.Create(CultureInfo.InvariantCulture, $"{request.Method} {request.Path.Value?.Length:D5} {request.Path.Value}{request.QueryString.Value} {version}");
        }

        var length = request.ContentLength;
        if (length is > LongestBody)
        {
            return null;
        }

        var reader = request.BodyReader;
        while (true)
        {
            // A short body has come with its headers nearly always: then nobody has to be asked to cancel the wait.
            if (!reader.TryRead(out var read))
            {
                read = await reader.ReadAsync(request.HttpContext.RequestAborted);
            }

            var body = read.Buffer;
            if (body.Length > LongestBody)
            {
                reader.AdvanceTo(body.Start);
                return null;
            }

            if (read.IsCompleted || body.Length == length)
            {
                var key = WithBody(request, version, body);
                reader.AdvanceTo(body.Start);
                return key;
            }

            reader.AdvanceTo(body.Start, body.End);
        }
    }

    static string WithBody(HttpRequest request, string version, ReadOnlySequence<byte> body)
    {
        var (path, query, type) = (request.Path.Value ?? "", request.QueryString.Value ?? "", request.ContentType ?? "");
        const int separators = 10;
        return string.Create(
            request.Method.Length + path.Length + query.Length + version.Length + type.Length + separators + (int)body.Length,
            (request.Method, path, query, version, type, body),
            static (key, parts) =>
            {
                key.TryWrite(CultureInfo.InvariantCulture, $"{parts.Method} {parts.path.Length:D5} {parts.path}{parts.query} {parts.version}\n{parts.type}\n", out var at);
                foreach (var piece in parts.body)
                {
                    // One character per byte: equal texts are equal bodies.
                    at += Encoding.Latin1.GetChars(piece.Span, key[at..]);
                }
            });
    }
}
