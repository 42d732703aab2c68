using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary>Gives an endpoint's answers their caching headers, an <c>ETag</c>, and a place in the answer cache.</summary>
public static class DeliveredEndpoint
{
    /// <summary>
    /// Applies a policy to an endpoint or a group. 200 answers to GET and HEAD get its headers and an <c>ETag</c>, and 304 where the client has
    /// them. While the switch <c>answer-cache</c> is on, 200 answers to GET and POST are kept under method, path, query, content type, body and
    /// the policy's version. The endpoint must read nothing else: requests with <c>Authorization</c> or <c>Cookie</c> always reach it.
    /// </summary>
    /// <typeparam name="TBuilder">The endpoint's builder.</typeparam>
    public static TBuilder DeliverAs<TBuilder>(this TBuilder builder, DeliveryPolicy policy)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(policy);
        var copy = policy with { };
        builder.Finally(endpoint =>
        {
            endpoint.Metadata.Add(copy);
            var inner = endpoint.RequestDelegate!;
            var answers = endpoint.ApplicationServices.GetService<AnswerCache>();
            if (answers is not null && copy.Version is not null)
            {
                endpoint.Metadata.Add(BeginsItself.Instance);
                inner = BeginsItself.Wrap(inner, endpoint.ApplicationServices.GetRequiredService<FettleOptions>().RequestTimeout);
            }

            endpoint.RequestDelegate = new Delivery(copy, inner, answers).InvokeAsync;
        });
        return builder;
    }
}

/// <summary>One endpoint under its policy.</summary>
internal sealed class Delivery(DeliveryPolicy policy, RequestDelegate inner, AnswerCache? answers)
{
    const string EdgeHeader = "CDN-Cache-Control";
    const string TagHeader = "Cache-Tag";

    readonly string _cacheControl = policy.CacheControl;
    readonly string? _edgeControl = policy.EdgeControl;
    readonly string? _tags = policy.Tags.Count == 0 ? null : string.Join(',', policy.Tags);

    public Task InvokeAsync(HttpContext context)
    {
        if (answers is { Switch.On: true } && policy.Version is not null && IsAnonymous(context.Request))
        {
            return KeptAsync(context, answers);
        }

        return HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            ? FreshAsync(context)
            : inner(context);
    }

    async Task FreshAsync(HttpContext context) => await SendAsync(context, await CatchAsync(context), null);

    async Task KeptAsync(HttpContext context, AnswerCache cache)
    {
        // The version is taken before the data is read, so that an answer is never newer than its key.
        if (await AnswerKey.OfAsync(context.Request, await policy.Version!(context)) is not { } key)
        {
            await inner(context);
            return;
        }

        if (cache.Find(key) is { } kept)
        {
            context.Response.Headers["X-Cache-Status"] = "HIT";
            context.Response.Headers["Cache-Status"] = "fettle-answers; hit";
            await SendAsync(context, kept, cache);
            return;
        }

        var made = await CatchAsync(context);
        if (made is { Status: StatusCodes.Status200OK, IsKept: true })
        {
            await cache.KeepAsync(key, made);
        }

        await SendAsync(context, made, null);
    }

    /// <summary>Runs the endpoint with its body caught; its headers are set on the response already.</summary>
    async Task<CachedAnswer> CatchAsync(HttpContext context)
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
        var bytes = caught.ToArray();
        return new CachedAnswer(
            response.StatusCode, response.ContentType, bytes, $"W/\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"",
            response.Headers.SetCookie.Count == 0 && response.Headers.ContentEncoding.Count == 0 && bytes.Length <= AnswerCache.LongestBody
                && !control.Contains("no-store", StringComparison.OrdinalIgnoreCase) && !control.Contains("private", StringComparison.OrdinalIgnoreCase));
    }

    /// <param name="context">The request.</param>
    /// <param name="answer">What to send.</param>
    /// <param name="cache">Where it came from, which may hold it compressed; null when the endpoint just made it.</param>
    async Task SendAsync(HttpContext context, CachedAnswer answer, AnswerCache? cache)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        var readable = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        if (answer.Status == StatusCodes.Status200OK && readable)
        {
            if (answer.IsKept)
            {
                response.Headers.CacheControl = _cacheControl;
                response.Headers.ETag = answer.ETag;
                SetEdge(response);
            }

            if (answer.IsKept && EntityTags.Match(context.Request.Headers.IfNoneMatch, answer.ETag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        var body = answer.Body;
        if (cache is not null && cache.Encoded(answer, context.Request.Headers.AcceptEncoding) is { } encoded)
        {
            (response.Headers.ContentEncoding, body) = (encoded.Encoding, encoded.Body);
        }

        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body);
        }
    }

    void SetEdge(HttpResponse response)
    {
        if (_edgeControl is not null)
        {
            response.Headers[EdgeHeader] = _edgeControl;
        }

        if (_tags is not null)
        {
            response.Headers[TagHeader] = _tags;
        }
    }

    /// <summary>What a caller sends of itself is an input that the key does not hold.</summary>
    static bool IsAnonymous(HttpRequest request) =>
        request.Headers.Authorization.Count == 0 && request.Headers.Cookie.Count == 0
        && (HttpMethods.IsGet(request.Method) || HttpMethods.IsPost(request.Method));
}

/// <summary>Entity tags (RFC 9110, 8.8.3). Ours are weak: one tag stands for all encodings of an answer.</summary>
internal static class EntityTags
{
    public static bool Match(Microsoft.Extensions.Primitives.StringValues known, string tag)
    {
        foreach (var line in known)
        {
            foreach (var one in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (one == "*" || Opaque(one).SequenceEqual(Opaque(tag)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    static ReadOnlySpan<char> Opaque(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag.AsSpan(2) : tag;
}
