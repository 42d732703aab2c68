using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary><c>GET /fettle/delivery</c>: the policies of the service's endpoints, from which <c>fettle delivery cdn</c> writes an edge's configuration.</summary>
internal static class DeliveryEndpoints
{
    public static void Map(RouteGroupBuilder admin) => admin.MapGet("/delivery", (EndpointDataSource endpoints, FettleOptions options) =>
        Results.Json(new DeliveryDocument(DeliveryDocument.CurrentSchema, options.ServiceName, Policies(endpoints)), FettleJson.Default.DeliveryDocument));

    /// <summary>Endpoints of one policy are one behaviour; they must say the same.</summary>
    internal static IReadOnlyList<DeliveredPaths> Policies(EndpointDataSource endpoints) =>
        [.. endpoints.Endpoints.OfType<RouteEndpoint>()
            .Select(e => (Endpoint: e, Policy: e.Metadata.GetMetadata<DeliveryPolicy>()))
            .Where(e => e.Policy is not null && IsEdgeable(e.Endpoint))
            .GroupBy(e => e.Policy!.Name, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => Describe(g.First().Policy!, [.. g.Select(e => Pattern(e.Endpoint)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]))];

    static DeliveredPaths Describe(DeliveryPolicy policy, string[] paths) => new(
        policy.Name, paths, (long)policy.Browser.TotalSeconds, (long)policy.Edge.TotalSeconds, (long)policy.EdgeStale.TotalSeconds,
        policy.Immutable, policy.Query, policy.Tags);

    /// <summary>Edges keep answers to GET that anyone may see.</summary>
    static bool IsEdgeable(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Get) ?? true)
        && endpoint.Metadata.GetMetadata<IAuthorizeData>() is null;

    /// <summary>The route with <c>*</c> for each parameter.</summary>
    static string Pattern(RouteEndpoint endpoint) => "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(
        s => string.Concat(s.Parts.Select(p => p is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content
            : p is Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator ? separator.Content : "*"))));
}

/// <summary>The body of <c>GET /fettle/delivery</c> (docs/contracts.md).</summary>
internal sealed record DeliveryDocument(string Schema, string Service, IReadOnlyList<DeliveredPaths> Policies)
{
    public const string CurrentSchema = "fettle.delivery/1";
}

/// <summary>One policy and the paths it holds for; <c>query</c> is absent when every parameter counts.</summary>
internal sealed record DeliveredPaths(
    string Name, string[] Paths, long BrowserSeconds, long EdgeSeconds, long EdgeStaleSeconds, bool Immutable, IReadOnlyList<string>? Query, IReadOnlyList<string> Tags);
