using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Fettle.Databases;

namespace Fettle.AspNetCore;

/// <summary>
/// Times every request: <c>X-Process-Time</c> (seconds) on every answer, <c>Server-Timing</c> on sampled ones
/// (the caller's <c>traceparent</c> has the sampled flag) and on those with the admin token, the window and the metrics of response times, and the endpoint
/// name under which statements are recorded.
/// </summary>
internal sealed class RequestTimingMiddleware(RequestDelegate next, RequestWindow window, MetricsCollector collector)
{
    readonly RequestMetrics? _metrics = collector.Requests;

    public async Task InvokeAsync(HttpContext context)
    {
        var facts = EndpointFacts.Of(context);
        var answer = new TimedAnswer(context);
        context.Response.OnStarting(TimedAnswer.SetHeaders, answer);
        using var trace = Trace(context.Request.Headers);
        window.Begin();
        var active = _metrics?.Begin(context.Request);
        var (failed, thrown) = (true, false);
        try
        {
            using (facts.BeginsItself ? null : QueryRecorder.BeginEndpoint(facts.Name(context)))
            {
                await next(context);
            }

            failed = context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        }
        catch (Exception e)
        {
            // A refusal of the body or a client that left is the client's doing.
            failed = !(e is BadHttpRequestException || context.RequestAborted.IsCancellationRequested);
            thrown = true;
            RecordAnswered(context, facts, answer, e);
            throw;
        }
        finally
        {
            window.End();
            if (active is not null)
            {
                RequestMetrics.End(active);
            }

            var elapsed = answer.Elapsed;
            if (!thrown)
            {
                _metrics?.Record(context, facts, elapsed);
            }

            // A stream lasts as long as somebody watches: that is no response time.
            if (context.Response.ContentType != LiveEndpoints.EventStream)
            {
                window.Record(elapsed, failed);
            }
        }
    }

    /// <summary>What an exception becomes is decided outside.</summary>
    void RecordAnswered(HttpContext context, EndpointFacts facts, TimedAnswer answer, Exception e)
    {
        if (_metrics is { } metrics)
        {
            context.Response.OnCompleted(() =>
            {
                metrics.Record(context, facts, answer.Elapsed, e.GetType().FullName);
                return Task.CompletedTask;
            });
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
}
