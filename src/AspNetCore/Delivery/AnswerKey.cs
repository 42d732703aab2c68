using System.Buffers;
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
            return $"{request.Method} {request.Path.Value}{request.QueryString.Value} {version}";
        }

        if (request.ContentLength is > LongestBody)
        {
            return null;
        }

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(request.HttpContext.RequestAborted);
            var body = read.Buffer;
            if (body.Length > LongestBody)
            {
                reader.AdvanceTo(body.Start);
                return null;
            }

            if (read.IsCompleted)
            {
                // One character per byte: equal texts are equal bodies.
                var key = $"{request.Method} {request.Path.Value}{request.QueryString.Value} {version}\n{request.ContentType}\n{Encoding.Latin1.GetString(body)}";
                reader.AdvanceTo(body.Start);
                return key;
            }

            reader.AdvanceTo(body.Start, body.End);
        }
    }
}
