using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>
/// Amazon CloudFront as a CloudFormation template. CloudFront does not read <c>CDN-Cache-Control</c>: the minimum time to live is what keeps an
/// answer that tells browsers <c>no-cache</c>.
/// </summary>
internal sealed class CloudFront : CdnVendor
{
    /// <summary>The quota of a new account.</summary>
    const int MostBehaviours = 75;

    /// <summary>Amazon's managed policies: no caching; everything of the viewer's request but its Host header.</summary>
    const string CachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
    const string AllViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

    public override string Name => "cloudfront";

    public override (string Option, string Meaning) Target => ("--distribution", "the distribution's id");

    public override (int LongestTag, int MostTags, int MostPerPurge) Bounds => (256, 50, 3_000);

    public override string Configuration(EdgePolicies policies, EdgeOrigin origin)
    {
        var behaviours = policies.Behaviours;
        if (behaviours.Count > MostBehaviours)
        {
            throw new UserErrorException($"there are {behaviours.Count} paths; CloudFront takes {MostBehaviours} behaviours: share prefixes, or ask Amazon for more");
        }

        var resources = new JsonObject();
        foreach (var policy in behaviours.Select(b => b.Policy).DistinctBy(p => p.Name))
        {
            resources[ResourceOf(policy)] = CachePolicy(policies.Service, policy);
        }

        resources["Distribution"] = Object(
            ("Type", "AWS::CloudFront::Distribution"),
            ("Properties", Object(("DistributionConfig", Distribution(policies.Service, behaviours, origin)))));
        return Json(Object(
            ("AWSTemplateFormatVersion", "2010-09-09"),
            ("Description", $"Edge of {policies.Service}, written by fettle delivery cdn"),
            ("Parameters", Object(
                ("DomainName", Object(("Type", "String"), ("Description", "The name that viewers use"))),
                ("CertificateArn", Object(("Type", "String"), ("Description", "Its certificate in us-east-1"))))),
            ("Resources", resources),
            ("Outputs", Object(("DistributionId", Object(("Value", Object(("Ref", "Distribution")))))))));
    }

    static JsonObject Distribution(string service, IReadOnlyList<EdgeBehaviour> behaviours, EdgeOrigin origin) => Object(
        ("Enabled", true),
        ("Comment", service),
        ("Aliases", new JsonArray(Object(("Ref", "DomainName")))),
        ("HttpVersion", "http2and3"),
        ("IPV6Enabled", true),
        ("CacheTagConfig", Object(("HeaderName", "Cache-Tag"))),
        ("ViewerCertificate", Object(
            ("AcmCertificateArn", Object(("Ref", "CertificateArn"))), ("SslSupportMethod", "sni-only"), ("MinimumProtocolVersion", "TLSv1.2_2021"))),
        ("Origins", new JsonArray(Object(
            ("Id", "service"),
            ("DomainName", origin.Host),
            ("CustomOriginConfig", Object(
                ("OriginProtocolPolicy", "https-only"), ("HTTPSPort", origin.Port), ("OriginSSLProtocols", Array(["TLSv1.2"]))))))),
        ("DefaultCacheBehavior", Behaviour(null, CachingDisabled, Array(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]))),
        ("CacheBehaviors", new JsonArray([.. behaviours.Select(b => (JsonNode)Behaviour(b.Path, Object(("Ref", ResourceOf(b.Policy))), Array(["GET", "HEAD"])))])));

    static JsonObject Behaviour(string? path, JsonNode cachePolicy, JsonArray methods)
    {
        var behaviour = new JsonObject();
        if (path is not null)
        {
            behaviour["PathPattern"] = path;
        }

        behaviour["TargetOriginId"] = "service";
        behaviour["ViewerProtocolPolicy"] = "https-only";
        behaviour["Compress"] = true;
        behaviour["AllowedMethods"] = methods;
        behaviour["CachePolicyId"] = cachePolicy;
        if (path is null)
        {
            behaviour["OriginRequestPolicyId"] = AllViewerExceptHostHeader;
        }

        return behaviour;
    }

    static JsonObject CachePolicy(string service, EdgePolicy policy) => Object(
        ("Type", "AWS::CloudFront::CachePolicy"),
        ("Properties", Object(("CachePolicyConfig", Object(
            ("Name", $"{service}-{policy.Name}"),
            ("MinTTL", policy.EdgeSeconds),
            ("DefaultTTL", policy.EdgeSeconds),
            ("MaxTTL", policy.EdgeSeconds),
            ("ParametersInCacheKeyAndForwardedToOrigin", Object(
                ("EnableAcceptEncodingBrotli", true),
                ("EnableAcceptEncodingGzip", true),
                ("CookiesConfig", Object(("CookieBehavior", "none"))),
                ("HeadersConfig", Object(("HeaderBehavior", "none"))),
                ("QueryStringsConfig", Query(policy)))))))));

    static JsonObject Query(EdgePolicy policy) => policy.Query switch
    {
        null => Object(("QueryStringBehavior", "all")),
        [] => Object(("QueryStringBehavior", "none")),
        var names => Object(("QueryStringBehavior", "whitelist"), ("QueryStrings", Array(names))),
    };

    /// <summary>Logical ids are alphanumeric.</summary>
    static string ResourceOf(EdgePolicy policy) => "CachePolicy" + string.Concat(policy.Name.Split('-').Where(w => w.Length > 0).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));

    public override IReadOnlyList<VendorCommand> Purge(string target, IReadOnlyList<string> tags, IReadOnlyList<string> paths) =>
        [.. tags.Select(t => "#" + t).Concat(paths).Chunk(Bounds.MostPerPurge)
            .Select(items => new VendorCommand("aws", ["cloudfront", "create-invalidation", "--distribution-id", target, "--paths", .. items]))];

    public override VendorCommand Upload(string bucket, PublishedFile file) =>
        new("aws", "s3", "cp", file.Path, $"s3://{bucket}/{file.Key}", "--content-type", file.ContentType, "--cache-control", file.CacheControl);
}
