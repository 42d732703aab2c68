using System.Diagnostics;
using System.Globalization;
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
        var started = Stopwatch.GetTimestamp();
        var sampled = Sampled(context);
        var timing = sampled || context.Request.Headers.Authorization.Count > 0 ? new ServerTiming(sampled) : null;
        if (timing is not null)
        {
            context.Features.Set<IServerTiming>(timing);
            ServerTimings.Current = timing;
        }

        context.Response.OnStarting(static state =>
        {
            var (response, started, timing) = ((HttpResponse, long, ServerTiming?))state;
            var elapsed = Stopwatch.GetElapsedTime(started);
            response.Headers.XContentTypeOptions = "nosniff";
            if (response.HttpContext.Request.IsHttps)
            {
                // Over plain HTTP anyone on the way could have written it, and browsers ignore it.
                response.Headers.StrictTransportSecurity = "max-age=31536000";
            }

            response.Headers["X-Request-Id"] = RequestId(response.HttpContext);
            response.Headers["X-Process-Time"] = elapsed.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);
            if (timing is not null && (timing.Sampled || response.HttpContext.User.Identity is { IsAuthenticated: true }))
            {
                response.Headers["Server-Timing"] = timing.Render(elapsed);
            }

            return Task.CompletedTask;
        }, (context.Response, started, timing));

        window.Begin();
        try
        {
            using (QueryRecorder.BeginEndpoint(EndpointName(context)))
            {
                await next(context);
            }
        }
        finally
        {
            window.End();

            // A stream lasts as long as somebody watches: that is no response time.
            if (context.Response.ContentType != LiveEndpoints.EventStream)
            {
                window.Record(Stopwatch.GetElapsedTime(started), context.Response.StatusCode >= 500);
            }
        }
    }

    /// <summary>The trace id of the caller's <c>traceparent</c> where it sent one, so that its logs and ours meet; else the connection's.</summary>
    static string RequestId(HttpContext context) =>
        System.Diagnostics.ActivityContext.TryParse(context.Request.Headers.TraceParent, null, out var parent) ? parent.TraceId.ToHexString() : context.TraceIdentifier;

    static bool Sampled(HttpContext context)
    {
        var parent = context.Request.Headers["traceparent"].ToString();
        return parent.Length == 55 && int.TryParse(parent.AsSpan(53), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags) && (flags & 1) != 0;
    }

    /// <summary>Made once for an endpoint with one method, which is nearly all of them.</summary>
    static string EndpointName(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route } endpoint)
        {
            return context.Request.Method;
        }

        return endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods: [var only] }
            ? Names.GetValue(endpoint, e => Name(only, route))
            : Name(context.Request.Method, route);
    }

    static string Name(string method, string route) => $"{method} {(route.StartsWith('/') ? "" : "/")}{route}";
}

/// <summary>Where a sampled request's time went; absent from <c>HttpContext.Features</c> on other requests.</summary>
public interface IServerTiming
{
    /// <summary>Adds to a phase such as <c>db</c>, <c>cache</c>, <c>features</c> or <c>model</c>; calls with one name add up.</summary>
    void Add(string phase, TimeSpan duration);
}

internal sealed class ServerTiming(bool sampled) : IServerTiming
{
    /// <summary>Whether the caller asked; else only an authorised one sees the phases.</summary>
    public bool Sampled => sampled;

    readonly Lock _lock = new();
    readonly SortedDictionary<string, TimeSpan> _phases = new(StringComparer.Ordinal);

    public void Add(string phase, TimeSpan duration)
    {
        lock (_lock)
        {
            _phases[phase] = _phases.GetValueOrDefault(phase) + duration;
        }
    }

    public string Render(TimeSpan total)
    {
        lock (_lock)
        {
            return string.Join(", ", _phases.Append(new("total", total)).Select(p =>
                string.Create(CultureInfo.InvariantCulture, $"{p.Key};dur={p.Value.TotalMilliseconds:0.###}")));
        }
    }
}
