using System.Text.Json;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>What one vendor wants: its configuration, its bounds on tags, its commands.</summary>
internal abstract class CdnVendor
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static readonly IReadOnlyList<CdnVendor> All = [new CloudFront(), new GoogleCdn(), new Cloudflare(), new NginxEdge()];

    public abstract string Name { get; }

    /// <summary>The option that names what is purged at the vendor, and what it is.</summary>
    public abstract (string Option, string Meaning) Target { get; }

    /// <summary>Longest tag, most tags of an answer, most items of one purge.</summary>
    public abstract (int LongestTag, int MostTags, int MostPerPurge) Bounds { get; }

    public static CdnVendor Named(string name) => All.FirstOrDefault(v => v.Name == name)
        ?? throw new UserErrorException($"--vendor is '{name}'; allowed: {string.Join(", ", All.Select(v => v.Name))}", ExitCode.Usage);

    /// <summary>The configuration as one text.</summary>
    /// <param name="policies">The service's policies.</param>
    /// <param name="origin">Where the edge asks: host name and port.</param>
    public abstract string Configuration(EdgePolicies policies, EdgeOrigin origin);

    /// <summary>The commands that make the edge forget answers by tag and by path.</summary>
    public abstract IReadOnlyList<VendorCommand> Purge(string target, IReadOnlyList<string> tags, IReadOnlyList<string> paths);

    /// <summary>The command that uploads a file; null when the vendor has no store of its own.</summary>
    public abstract VendorCommand? Upload(string bucket, PublishedFile file);

    /// <summary>What the vendor would refuse of a policy.</summary>
    public virtual IEnumerable<string> PolicyMistakes(string service, EdgePolicy policy) => [];

    /// <summary>What the vendor would drop or cut in silence, all at once.</summary>
    public IEnumerable<string> TagMistakes(IReadOnlyList<string> tags)
    {
        var (longest, most, _) = Bounds;
        foreach (var tag in tags.Where(t => t.Length == 0 || t.Length > longest || t.Any(c => c is < '!' or > '~' or ',')))
        {
            yield return $"the tag '{tag}' has {tag.Length} characters; {Name} takes 1–{longest} visible ASCII characters without commas";
        }

        if (tags.Count > most)
        {
            yield return $"there are {tags.Count} tags; {Name} keeps {most} of an answer and drops the others in silence";
        }
    }

    protected static string Json(JsonNode node) => node.ToJsonString(Indented) + "\n";

    protected static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    /// <summary>A JSON object from pairs in their order.</summary>
    protected static JsonObject Object(params (string Name, JsonNode? Value)[] members) => new(members.Select(m => KeyValuePair.Create(m.Name, m.Value)));
}

/// <summary>Where an edge asks: host name, port, and whether over TLS.</summary>
internal sealed record EdgeOrigin(string Host, int Port, bool Secure, string? Listen)
{
    public static EdgeOrigin Parse(string text, string? listen) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/"
            ? new EdgeOrigin(url!.Host, url.Port, url.Scheme == "https", listen)
            : throw new UserErrorException($"--origin is '{text}'; allowed: a host name, or an address such as https://origin.example:8443", ExitCode.Usage);
}

/// <summary>A file to upload with what its answers shall say.</summary>
internal sealed record PublishedFile(string Path, string Key, string ContentType, string CacheControl);
