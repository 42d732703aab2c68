using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>One request under way: when it began, its phases where they are wanted, and the headers that every answer gets when it begins.</summary>
internal sealed class TimedAnswer
{
    const int MicrosecondsPerSecond = 1_000_000;

    /// <summary>For <c>OnStarting</c>: after the pipeline's own changes, an exception's problem included.</summary>
    public static readonly Func<object, Task> SetHeaders = static state =>
    {
        ((TimedAnswer)state).Set();
        return Task.CompletedTask;
    };

    readonly long _started = Stopwatch.GetTimestamp();
    readonly HttpContext _context;
    readonly ServerTiming? _timing;

    public TimedAnswer(HttpContext context)
    {
        _context = context;
        var headers = context.Request.Headers;
        var sampled = headers.TraceParent.Count > 0 && IsSampled(headers.TraceParent.ToString());
        if (sampled || headers.Authorization.Count > 0)
        {
            _timing = new ServerTiming(sampled);
            context.Features.Set<IServerTiming>(_timing);
            ServerTimings.Current = _timing;
        }
    }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Seconds with six digits behind the point.</summary>
    internal static string Seconds(TimeSpan elapsed)
    {
        var (seconds, rest) = Math.DivRem(elapsed.Ticks / TimeSpan.TicksPerMicrosecond, MicrosecondsPerSecond);
        return string.Create(CultureInfo.InvariantCulture, stackalloc char[32], $"{seconds}.{rest:D6}");
    }

    void Set()
    {
        var elapsed = Elapsed;
        var response = _context.Response;
        var headers = response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (_context.Request.IsHttps)
        {
            // Over plain HTTP anyone on the way could have written it, and browsers ignore it.
            headers.StrictTransportSecurity = "max-age=31536000";
        }

        headers["X-Request-Id"] = RequestId();
        headers["X-Process-Time"] = Seconds(elapsed);
        if (_timing is not null && (_timing.Sampled || _context.User.Identity is { IsAuthenticated: true }))
        {
            headers["Server-Timing"] = _timing.Render(elapsed);
        }

        CompressionExtensions.SetVary(response);
    }

    /// <summary>The trace id of the caller's <c>traceparent</c> where it sent one, so that its logs and ours meet; else the connection's.</summary>
    string RequestId()
    {
        var parent = _context.Request.Headers.TraceParent;
        return parent.Count > 0 && ActivityContext.TryParse(parent, null, out var trace) ? trace.TraceId.ToHexString() : _context.TraceIdentifier;
    }

    static bool IsSampled(string parent) =>
        parent.Length == 55 && int.TryParse(parent.AsSpan(53), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags) && (flags & 1) != 0;
}
