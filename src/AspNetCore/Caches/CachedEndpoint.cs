using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Fettle.Caching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary>Makes an endpoint remember its answers.</summary>
public static class CachedEndpoint
{
    /// <summary>Longer bodies, of requests and of answers, are not kept.</summary>
    const int MaxBody = 1 << 20;

    /// <summary>
    /// Headers that say how a request travels, not what it asks for. Every other header is an input and part of the key: a header that is
    /// forgotten here costs hits, one that is wrongly here would hand one caller's answer to another.
    /// </summary>
    static readonly HashSet<string> Travel = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept-Encoding", "Connection", "Content-Length", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade-Insecure-Requests",
        "User-Agent", "traceparent", "tracestate", "baggage", "Request-Id", "X-Request-Id", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User",
    };

    /// <summary>
    /// Keeps the endpoint's 200 answers in a category of the registered cache. The key is all inputs: method, host, path, query,
    /// body, headers and the user's claims. Answers that set cookies or say <c>Cache-Control: no-store</c> or <c>private</c> are not kept.
    /// An endpoint that reads anything else, such as the caller's address, must not be cached.
    /// </summary>
    /// <typeparam name="TBuilder">The endpoint's builder.</typeparam>
    /// <param name="builder">The endpoint, or a group.</param>
    /// <param name="category">The category's name; its time to live and size come from <see cref="CategoryDefaults"/>.</param>
    /// <param name="configure">Changes the category's options. Endpoints that share a category must give the same.</param>
    public static TBuilder CacheAs<TBuilder>(this TBuilder builder, string category, Action<CategoryOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder
    {
        var options = CategoryDefaults.For(category);
        configure?.Invoke(options);
        builder.Finally(endpoint =>
        {
            var inner = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => AnswerAsync(context, inner, options);
        });
        return builder;
    }

    static async Task AnswerAsync(HttpContext context, RequestDelegate inner, CategoryOptions options)
    {
        var answers = context.RequestServices.GetRequiredService<FettleCache>().Category(options, CacheSerializer.Json(StoredAnswerJson.Default.StoredAnswer));
        if (await KeyAsync(context) is not { } key)
        {
            await inner(context);
            return;
        }

        Task<StoredAnswer>? own = null;
        StoredAnswer answer;
        try
        {
            answer = await answers.GetOrCreateAsync(key, 0, async (_, load, _) =>
            {
                var made = await (own = RunAsync(context, inner));
                load.Keep = made.IsKept;
                return made;
            });
        }
        catch (TimeoutException) when (own is not null)
        {
            answer = await own;
        }

        if (own is null && !answer.IsKept)
        {
            // Another caller's answer that is not to be shared.
            answer = await (own = RunAsync(context, inner));
        }

        var isHit = own is null;
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in isHit ? answer.Headers : [])
        {
            context.Response.Headers[name] = value;
        }

        context.Response.Headers["X-Cache-Status"] = isHit ? "HIT" : "MISS";
        context.Response.Headers["Cache-Status"] = $"fettle-{options.Name}; {(isHit ? "hit" : answer.IsKept ? "fwd=miss; stored" : "fwd=miss")}";
        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    /// <summary>Runs the endpoint with its answer caught. The flight may end before, at its time limit; the request waits for its own endpoint all the same.</summary>
    static async Task<StoredAnswer> RunAsync(HttpContext context, RequestDelegate inner)
    {
        var response = context.Response;
        var body = response.Body;
        using var caught = new MemoryStream();
        response.Body = caught;
        try
        {
            await inner(context);
        }
        finally
        {
            response.Body = body;
        }

        var control = response.Headers.CacheControl.ToString();
        var isKept = response.StatusCode == StatusCodes.Status200OK
            && caught.Length <= MaxBody
            && response.Headers.SetCookie.Count == 0
            && !control.Contains("no-store", StringComparison.OrdinalIgnoreCase)
            && !control.Contains("private", StringComparison.OrdinalIgnoreCase);
        string[] kept = ["Content-Type", "Content-Language", "Cache-Control", "ETag", "Last-Modified", "Location", "Vary"];
        return new StoredAnswer(
            response.StatusCode, isKept,
            kept.Where(n => response.Headers.ContainsKey(n)).ToDictionary(n => n, n => response.Headers[n].ToString()),
            caught.ToArray());
    }

    /// <summary>Method and path to be read, and a digest of everything else; null when the body is too long.</summary>
    static async Task<string?> KeyAsync(HttpContext context)
    {
        var request = context.Request;
        request.EnableBuffering(MaxBody);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MaxBody)
            {
                request.Body.Position = 0;
                return null;
            }
        }

        request.Body.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, request.Scheme);
        Add(hash, request.Host.Value ?? "");
        foreach (var (name, value) in request.Headers.Where(h => !Travel.Contains(h.Key)).OrderBy(h => h.Key, StringComparer.OrdinalIgnoreCase))
        {
            Add(hash, name.ToLowerInvariant());
            Add(hash, value.ToString());
        }

        foreach (var claim in context.User.Claims)
        {
            Add(hash, claim.Type);
            Add(hash, claim.Value);
        }

        hash.AppendData(body.GetBuffer().AsSpan(0, (int)body.Length));
        return $"{request.Method} {request.PathBase}{request.Path}{request.QueryString} {Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}

/// <summary>An answer as it is kept.</summary>
internal sealed record StoredAnswer(int Status, bool IsKept, Dictionary<string, string> Headers, byte[] Body);

[JsonSerializable(typeof(StoredAnswer))]
internal sealed partial class StoredAnswerJson : JsonSerializerContext;
