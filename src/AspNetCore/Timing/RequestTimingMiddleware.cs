using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Fettle.Databases;

namespace Fettle.AspNetCore;

/// <summary>
/// Times every request: <c>X-Process-Time</c> (seconds) on every answer, <c>Server-Timing</c> on sampled ones
/// (the caller's <c>traceparent</c> has the sampled flag) and on those with the admin token, the window of response times, and the endpoint
/// name under which statements are recorded.
/// </summary>
internal sealed class RequestTimingMiddleware(RequestDelegate next, RequestWindow window)
{
    static readonly ConditionalWeakTable<Endpoint, string> Names = [];

    public async Task InvokeAsync(HttpContext context)
    {
        var answer = new TimedAnswer(context);
        context.Response.OnStarting(TimedAnswer.SetHeaders, answer);
        using var trace = Trace(context.Request.Headers);
        window.Begin();
        var failed = true;
        try
        {
            using (BeginsItself.Is(context.GetEndpoint()) ? null : QueryRecorder.BeginEndpoint(EndpointName(context)))
            {
                await next(context);
            }

            failed = context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        }
        catch (Exception e) when (e is BadHttpRequestException || context.RequestAborted.IsCancellationRequested)
        {
            // The client's doing.
            failed = false;
            throw;
        }
        finally
        {
            window.End();

            // A stream lasts as long as somebody watches: that is no response time.
            if (context.Response.ContentType != LiveEndpoints.EventStream)
            {
                window.Record(answer.Elapsed, failed);
            }
        }
    }

    /// <summary>
    /// Goes on with the caller's trace where the host has not begun to (it does so only where something listens), so that what is logged and
    /// asked of others on the way carries its ids.
    /// </summary>
    static Activity? Trace(IHeaderDictionary headers)
    {
        if (headers.TraceParent.Count == 0 || Activity.Current is not null || !ActivityContext.TryParse(headers.TraceParent, headers.TraceState, out var parent))
        {
            return null;
        }

        var activity = new Activity("Fettle.Request") { TraceStateString = parent.TraceState };
        return activity.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags).Start();
    }

    /// <summary>Made once for an endpoint with one method, which is nearly all of them.</summary>
    internal static string EndpointName(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route } endpoint)
        {
            return context.Request.Method;
        }

        if (Names.TryGetValue(endpoint, out var known))
        {
            return known;
        }

        var name = Name(context.Request.Method, route);
        if (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods.Count: 1 })
        {
            Names.TryAdd(endpoint, name);
        }

        return name;
    }

    static string Name(string method, string route) => $"{method} {(route.StartsWith('/') ? "" : "/")}{route}";
}
