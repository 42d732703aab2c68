using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Fettle.Databases;

namespace Fettle.AspNetCore;

/// <summary>
/// Times every request: <c>X-Process-Time</c> (seconds) on every answer, <c>Server-Timing</c> on sampled ones
/// (the caller's <c>traceparent</c> has the sampled flag), the window of response times, and the endpoint name
/// under which statements are recorded.
/// </summary>
internal sealed class RequestTimingMiddleware(RequestDelegate next, RequestWindow window)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var timing = Sampled(context) ? new ServerTiming() : null;
        if (timing is not null)
        {
            context.Features.Set<IServerTiming>(timing);
        }

        context.Response.OnStarting(static state =>
        {
            var (response, started, timing) = ((HttpResponse, long, ServerTiming?))state;
            var elapsed = Stopwatch.GetElapsedTime(started);
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers["X-Request-Id"] = RequestId(response.HttpContext);
            response.Headers["X-Process-Time"] = elapsed.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);
            if (timing is not null)
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

    static string EndpointName(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route }
            ? $"{context.Request.Method} {(route.StartsWith('/') ? "" : "/")}{route}"
            : context.Request.Method;
}

/// <summary>Where a sampled request's time went; absent from <c>HttpContext.Features</c> on other requests.</summary>
public interface IServerTiming
{
    /// <summary>Adds to a phase such as <c>db</c>, <c>cache</c>, <c>features</c> or <c>model</c>; calls with one name add up.</summary>
    void Add(string phase, TimeSpan duration);
}

internal sealed class ServerTiming : IServerTiming
{
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
