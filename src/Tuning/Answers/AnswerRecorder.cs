using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Fettle.Tuning.Answers;

/// <summary>Asks golden requests and keeps what a client would see; encodings are undone here, not by the handler, so that they can be compared.</summary>
internal sealed class AnswerRecorder : IDisposable
{
    readonly HttpClient _http;

    public AnswerRecorder(Uri url) =>
        _http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, AllowAutoRedirect = false }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>All answers, in order, one request at a time.</summary>
    public async Task<IReadOnlyList<Answer>> AskAsync(IReadOnlyList<GoldenRequest> requests, CancellationToken cancellation)
    {
        var answers = new List<Answer>(requests.Count);
        foreach (var request in requests)
        {
            answers.Add(await AskAsync(request, cancellation));
        }

        return answers;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A golden request as it is sent.</summary>
    internal static HttpRequestMessage Message(GoldenRequest request)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method), request.Path);
        if (request.AcceptEncoding is not null)
        {
            message.Headers.TryAddWithoutValidation("Accept-Encoding", request.AcceptEncoding);
        }

        if (request.Body is not null)
        {
            message.Content = new StringContent(request.Body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                message.Content?.Headers.Remove(name);
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
            else if (!name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase) || request.AcceptEncoding is null)
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return message;
    }

    async Task<Answer> AskAsync(GoldenRequest request, CancellationToken cancellation)
    {
        using var message = Message(request);
        try
        {
            using var response = await _http.SendAsync(message, cancellation);
            var encoding = string.Join(", ", response.Content.Headers.ContentEncoding);
            var vary = string.Join(", ", response.Headers.Vary.Select(v => v.ToLowerInvariant()).Order(StringComparer.Ordinal));
            return new Answer((int)response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", encoding, vary, Decode(await response.Content.ReadAsByteArrayAsync(cancellation), encoding));
        }
        catch (HttpRequestException e)
        {
            throw new TuningException($"{request} got no answer: {e.Message}", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TuningException($"{request} got no answer within two minutes", e);
        }
    }

    static byte[] Decode(byte[] body, string encoding)
    {
        using var source = new MemoryStream(body);
        using Stream? decoder = encoding switch
        {
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "deflate" => new ZLibStream(source, CompressionMode.Decompress),
            _ => null,
        };
        if (decoder is null)
        {
            return body;
        }

        using var plain = new MemoryStream();
        try
        {
            decoder.CopyTo(plain);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            // What the header promises is not what came: the raw bytes differ from every recorded answer, which is the verdict wanted.
            return body;
        }

        return plain.ToArray();
    }
}
