using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>
/// Requests under way and the durations of answered ones, under the names and labels that ASP.NET Core's own meter gives them, written straight
/// from the pipeline. Listening to that meter makes the host build a list of tags for every request and send it through the listener three
/// times, and costs more than all the rest of measuring (docs/decisions/0904-requests-are-measured-in-the-pipeline.md).
/// </summary>
internal sealed class RequestMetrics
{
    /// <summary>Sets of method, scheme, version and status that a route finds without rendering labels.</summary>
    const int MostSeen = 16;

    readonly InstrumentSeries _active = new("http.server.active_requests", "{request}", "Number of active HTTP server requests.", null);
    readonly InstrumentSeries _durations = new("http.server.request.duration", "s", "Duration of HTTP server requests.", MetricsCollector.DurationBounds);
    readonly ConditionalWeakTable<EndpointFacts, Seen> _routes = [];
    readonly Seen _underWay = new();

    /// <summary>Both, as the collector shows them.</summary>
    public IEnumerable<InstrumentSeries> Instruments => [_active, _durations];

    /// <summary>Counts a request that begins.</summary>
    /// <returns>What the same request's end is told to.</returns>
    public MetricSeries Begin(HttpRequest request)
    {
        var (method, scheme) = (request.Method, request.Scheme);
        var series = _underWay.Find(method, scheme, "", 0) ?? _underWay.Keep(method, scheme, "", 0, _active.Of(
            new("http.request.method", Method(method)), new("url.scheme", scheme)));
        series.Add(1);
        return series;
    }

    /// <summary>Takes a request that Begin counted out again.</summary>
    public static void End(MetricSeries series) => series.Add(-1);

    /// <summary>Records an answered request.</summary>
    /// <param name="context">The request; its status is final.</param>
    /// <param name="facts">Its endpoint's.</param>
    /// <param name="elapsed">From the first middleware to the end.</param>
    /// <param name="error">The type of an exception that nobody caught.</param>
    public void Record(HttpContext context, EndpointFacts facts, TimeSpan elapsed, string? error = null)
    {
        if (!facts.IsMeasured)
        {
            return;
        }

        var (method, scheme, protocol, status) = (context.Request.Method, context.Request.Scheme, context.Request.Protocol, context.Response.StatusCode);
        var seen = _routes.GetOrCreateValue(facts);
        var series = error is not null
            ? Series(method, scheme, protocol, status, facts.Route, error)
            : seen.Find(method, scheme, protocol, status) ?? seen.Keep(method, scheme, protocol, status, Series(method, scheme, protocol, status, facts.Route, null));
        series.Observe(elapsed.TotalSeconds);
    }

    MetricSeries Series(string method, string scheme, string protocol, int status, string? route, string? error)
    {
        var tags = new List<KeyValuePair<string, object?>>(6)
        {
            new("http.request.method", Method(method)), new("http.response.status_code", status),
        };
        if (route is not null)
        {
            tags.Add(new("http.route", route));
        }

        tags.Add(new("network.protocol.version", protocol.StartsWith("HTTP/", StringComparison.Ordinal) ? protocol["HTTP/".Length..] : protocol));
        tags.Add(new("url.scheme", scheme));
        if (error is not null)
        {
            tags.Add(new("error.type", error));
        }

        return _durations.Of([.. tags]);
    }

    /// <summary>Clients may send any word as a method; one label stands for all that no specification knows.</summary>
    static string Method(string method) => HttpMethods.GetCanonicalizedValue(method) switch
    {
        "GET" or "POST" or "PUT" or "DELETE" or "HEAD" or "OPTIONS" or "PATCH" or "TRACE" or "CONNECT" => HttpMethods.GetCanonicalizedValue(method),
        _ => "_OTHER",
    };

    /// <summary>A few sets of labels and their series; the server hands out the same text objects, so finding one is a few comparisons of references.</summary>
    sealed class Seen
    {
        volatile Entry[] _entries = [];

        public MetricSeries? Find(string method, string scheme, string protocol, int status)
        {
            foreach (var entry in _entries)
            {
                if (entry.Status == status && entry.Method == method && entry.Protocol == protocol && entry.Scheme == scheme)
                {
                    return entry.Series;
                }
            }

            return null;
        }

        /// <summary>Two that keep at once may lose one entry, which is kept the next time.</summary>
        public MetricSeries Keep(string method, string scheme, string protocol, int status, MetricSeries series)
        {
            if (_entries.Length < MostSeen)
            {
                _entries = [.. _entries, new Entry(method, scheme, protocol, status, series)];
            }

            return series;
        }
    }

    sealed record Entry(string Method, string Scheme, string Protocol, int Status, MetricSeries Series);
}
