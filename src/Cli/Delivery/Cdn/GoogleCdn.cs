using System.Globalization;
using System.Text.Json.Nodes;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>
/// Google Cloud CDN: times to live belong to backend services, so each policy has one over the same backends, and routes of the URL map choose
/// it. Without <c>CDN-Cache-Control</c>, <c>FORCE_CACHE_ALL</c> is what keeps an answer that tells browsers <c>no-cache</c>.
/// </summary>
internal sealed class GoogleCdn : CdnVendor
{
    const int FirstPriority = 10;
    const int LongestName = 63;
    const long LongestStale = 7 * 24 * 3600;

    public override string Name => "google";

    public override (string Option, string Meaning) Target => ("--url-map", "the URL map's name");

    public override (int LongestTag, int MostTags, int MostPerPurge) Bounds => (120, 50, 10);

    public override string Configuration(EdgePolicies policies, EdgeOrigin origin)
    {
        var behaviours = policies.Behaviours;
        var service = policies.Service;
        return Json(Object(
            ("sslPolicy", Object(("name", $"{service}-tls"), ("profile", "MODERN"), ("minTlsVersion", "TLS_1_2"))),
            ("networkEndpointGroup", Object(
                ("name", $"{service}-origin"), ("networkEndpointType", "INTERNET_FQDN_PORT"), ("defaultPort", origin.Port), ("fqdn", origin.Host))),
            ("backendServices", new JsonArray([Backend(service, null), .. behaviours.Select(b => b.Policy).DistinctBy(p => p.Name).Select(p => (JsonNode)Backend(service, p))])),
            ("urlMap", Object(
                ("name", service),
                ("defaultService", BackendName(service, null)),
                ("hostRules", new JsonArray(Object(("hosts", Array(["*"])), ("pathMatcher", "paths")))),
                ("pathMatchers", new JsonArray(Object(
                    ("name", "paths"),
                    ("defaultService", BackendName(service, null)),
                    ("routeRules", new JsonArray([.. behaviours.Select((b, i) => (JsonNode)Route(service, b, FirstPriority + i))]))))))),
            ("targetHttpsProxy", Object(("name", $"{service}-https"), ("urlMap", service), ("sslPolicy", $"{service}-tls"), ("quicOverride", "ENABLE"))),
            ("redirectUrlMap", Object(
                ("name", $"{service}-redirect"),
                ("defaultUrlRedirect", Object(("httpsRedirect", true), ("redirectResponseCode", "MOVED_PERMANENTLY_DEFAULT"), ("stripQuery", false)))))));
    }

    static JsonObject Backend(string service, EdgePolicy? policy)
    {
        var backend = Object(
            ("name", BackendName(service, policy)), ("loadBalancingScheme", "EXTERNAL_MANAGED"), ("protocol", "HTTPS"), ("compressionMode", "AUTOMATIC"), ("enableCDN", policy is not null));
        if (policy is not null)
        {
            backend["cdnPolicy"] = Object(
                ("cacheMode", "FORCE_CACHE_ALL"),
                ("defaultTtl", policy.EdgeSeconds),
                ("clientTtl", policy.BrowserSeconds),
                ("serveWhileStale", policy.EdgeStaleSeconds),
                ("negativeCaching", false),
                ("cacheKeyPolicy", Key(policy)));
        }

        return backend;
    }

    static JsonObject Key(EdgePolicy policy)
    {
        var key = Object(("includeProtocol", true), ("includeHost", true), ("includeQueryString", policy.Query is not []));
        if (policy.Query is { Count: > 0 } names)
        {
            key["queryStringWhitelist"] = Array(names);
        }

        return key;
    }

    /// <summary>A template's <c>*</c> is one segment, as a route's parameter is.</summary>
    static JsonObject Route(string service, EdgeBehaviour behaviour, int priority) => Object(
        ("priority", priority),
        ("matchRules", new JsonArray(Object((behaviour.Path.Contains('*', StringComparison.Ordinal) ? "pathTemplateMatch" : "fullPathMatch", behaviour.Path)))),
        ("service", BackendName(service, behaviour.Policy)));

    public override IEnumerable<string> PolicyMistakes(string service, EdgePolicy policy)
    {
        if (BackendName(service, policy) is { Length: > LongestName } name)
        {
            yield return $"its backend service would be named '{name}'; Google takes at most {LongestName} characters";
        }

        if (policy.EdgeStaleSeconds > LongestStale)
        {
            yield return $"edgeStaleSeconds is {policy.EdgeStaleSeconds}; Google takes at most {LongestStale}";
        }
    }

    static string BackendName(string service, EdgePolicy? policy) => policy is null ? service : $"{service}-{policy.Name}";

    public override IReadOnlyList<VendorCommand> Purge(string target, IReadOnlyList<string> tags, IReadOnlyList<string> paths) =>
    [
        .. tags.Chunk(Bounds.MostPerPurge).Select(some => Invalidate(target, "--tags", string.Join(',', some))),
        .. paths.Select(path => Invalidate(target, "--path", path)),
    ];

    static VendorCommand Invalidate(string target, string what, string value) =>
        new("gcloud", "compute", "url-maps", "invalidate-cdn-cache", target, what, value, "--async");

    public override VendorCommand Upload(string bucket, PublishedFile file) =>
        new("gcloud", "storage", "cp", file.Path, string.Create(CultureInfo.InvariantCulture, $"gs://{bucket}/{file.Key}"), $"--content-type={file.ContentType}", $"--cache-control={file.CacheControl}");
}
