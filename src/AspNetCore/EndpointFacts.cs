using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary>What the pipeline asks of an endpoint's metadata for every request, looked up once for an endpoint.</summary>
internal sealed class EndpointFacts
{
    static readonly ConditionalWeakTable<Endpoint, EndpointFacts> Known = [];
    static readonly EndpointFacts None = new(null);

    readonly string? _pattern;
    readonly string? _name;

    EndpointFacts(Endpoint? endpoint)
    {
        IsMeasured = true;
        if (endpoint is null)
        {
            return;
        }

        var metadata = endpoint.Metadata;
        IsMeasured = metadata.GetMetadata<IDisableHttpMetricsMetadata>() is null;
        BeginsItself = metadata.GetMetadata<BeginsItself>() is not null;
        HasOwnLimit = metadata.GetMetadata<RequestTimeoutAttribute>() is not null || metadata.GetMetadata<RequestTimeoutPolicy>() is not null;
        HasNoLimit = metadata.GetMetadata<DisableRequestTimeoutAttribute>() is not null;
        IsRateLimited = metadata.GetMetadata<EnableRateLimitingAttribute>() is not null;
        Exemption = metadata.GetMetadata<RateLimitExemption>();
        NeedsIdentity = metadata.GetMetadata<IAuthorizeData>() is not null || metadata.GetMetadata<AuthorizationPolicy>() is not null
            || metadata.GetMetadata<IAuthorizationRequirementData>() is not null;
        Route = metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route is { } route ? (route.Length == 0 ? "/" : route) : null;
        _pattern = (endpoint as RouteEndpoint)?.RoutePattern.RawText;
        _name = _pattern is not null && metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods: [var method] } ? Join(method, _pattern) : null;
    }

    /// <summary>The template, never the path; null where the request found no endpoint.</summary>
    public string? Route { get; }

    /// <summary>Whether its requests are among the metrics of requests.</summary>
    public bool IsMeasured { get; }

    /// <summary>Whether its time limit and its account of statements begin when it runs (see <see cref="AspNetCore.BeginsItself"/>).</summary>
    public bool BeginsItself { get; }

    /// <summary>Whether it has a time limit of its own, which the framework's middleware holds.</summary>
    public bool HasOwnLimit { get; }

    public bool HasNoLimit { get; }

    public bool IsRateLimited { get; }

    /// <summary>The requests that its rate limit does not hold for.</summary>
    public RateLimitExemption? Exemption { get; }

    /// <summary>Whether something depends on who asks.</summary>
    public bool NeedsIdentity { get; }

    public static EndpointFacts Of(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint)
        {
            return None;
        }

        return Known.TryGetValue(endpoint, out var known) ? known : Known.GetValue(endpoint, static e => new EndpointFacts(e));
    }

    /// <summary>Method and route, under which statements are recorded; the method alone without a route.</summary>
    public string Name(HttpContext context) => _name ?? (_pattern is null ? context.Request.Method : Join(context.Request.Method, _pattern));

    static string Join(string method, string route) => $"{method} {(route.StartsWith('/') ? "" : "/")}{route}";
}
