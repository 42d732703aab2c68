using System.Text.Json.Nodes;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>Cloudflare: a ruleset of the cache phase and the zone's settings. It reads <c>CDN-Cache-Control</c>, so the service's answers carry the times.</summary>
internal sealed class Cloudflare : CdnVendor
{
    const string Api = "https://api.cloudflare.com/client/v4/zones/";

    public override string Name => "cloudflare";

    public override (string Option, string Meaning) Target => ("--zone", "the zone's id; the token is read from CLOUDFLARE_API_TOKEN");

    public override (int LongestTag, int MostTags, int MostPerPurge) Bounds => (1_024, 1_000, 100);

    public override string Configuration(EdgePolicies policies, EdgeOrigin origin) => Json(Object(
        ("ruleset", Object(
            ("name", $"{policies.Service} cache"),
            ("kind", "zone"),
            ("phase", "http_request_cache_settings"),
            ("rules", new JsonArray([.. policies.Behaviours.GroupBy(b => b.Policy.Name, StringComparer.Ordinal).Select(g => (JsonNode)Rule(g.First().Policy, [.. g.Select(b => b.Path)]))])))),
        ("settings", new JsonArray(
            Setting("ssl", "strict"), Setting("always_use_https", "on"), Setting("min_tls_version", "1.2"), Setting("tls_1_3", "on"), Setting("brotli", "on"), Setting("http3", "on")))));

    static JsonObject Rule(EdgePolicy policy, string[] paths) => Object(
        ("ref", policy.Name),
        ("description", $"keeps {policy.Name} for {policy.EdgeSeconds} s, as its answers say"),
        ("expression", $"(http.request.method in {{\"GET\" \"HEAD\"}}) and ({string.Join(" or ", paths.Select(Match))})"),
        ("action", "set_cache_settings"),
        ("action_parameters", Object(
            ("cache", true),
            ("edge_ttl", Object(("mode", "respect_origin"))),
            ("browser_ttl", Object(("mode", "respect_origin"))),
            ("serve_stale", Object(("disable_stale_while_updating", policy.EdgeStaleSeconds == 0))),
            ("respect_strong_etags", false))));

    static string Match(string path) => $"http.request.uri.path {(path.Contains('*', StringComparison.Ordinal) ? "strict wildcard" : "eq")} \"{path}\"";

    static JsonObject Setting(string id, string value) => Object(("id", id), ("value", value));

    public override IReadOnlyList<VendorCommand> Purge(string target, IReadOnlyList<string> tags, IReadOnlyList<string> paths) =>
    [
        .. tags.Chunk(Bounds.MostPerPurge).Select(some => Post(target, Object(("tags", Array(some))))),
        .. paths.Chunk(Bounds.MostPerPurge).Select(some => Post(target, Object(("prefixes", Array(some))))),
    ];

    /// <summary>The token goes through standard input: on the command line every user of the machine could read it.</summary>
    static VendorCommand Post(string zone, JsonObject body) => new(
        "sh",
        "-c",
        "printf 'header = \"Authorization: Bearer %s\"\\n' \"$CLOUDFLARE_API_TOKEN\" | curl --fail-with-body --silent --show-error --config - "
        + $"--header 'Content-Type: application/json' --data {VendorCommand.Quote(body.ToJsonString())} {VendorCommand.Quote(Api + Uri.EscapeDataString(zone) + "/purge_cache")}");

    public override VendorCommand Upload(string bucket, PublishedFile file) =>
        new("wrangler", "r2", "object", "put", $"{bucket}/{file.Key}", "--file", file.Path, "--content-type", file.ContentType, "--cache-control", file.CacheControl, "--remote");
}
