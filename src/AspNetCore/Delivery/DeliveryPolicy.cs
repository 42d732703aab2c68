using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>
/// What caches may do with an endpoint's answers: browsers by <c>Cache-Control</c>, edges by <c>CDN-Cache-Control</c> (RFC 9213) and by the
/// configuration that <c>fettle delivery cdn</c> writes from it, the service itself by its answer cache. Read when the endpoint is built.
/// </summary>
public sealed partial record DeliveryPolicy
{
    /// <summary>Most tags of an answer: what CloudFront and Google Cloud CDN keep; more would be dropped in silence.</summary>
    public const int MostTags = 50;

    /// <summary>Longest tag in characters: the shortest bound of the three vendors (Google Cloud CDN).</summary>
    public const int LongestTag = 120;

    /// <summary>Creates a policy.</summary>
    /// <param name="name">Lower-case words joined by hyphens, at most 40 characters: the name of the behaviour at the vendors.</param>
    public DeliveryPolicy(string name) =>
        Name = name is { Length: <= 40 } && NamePattern().IsMatch(name) ? name
            : throw new ArgumentException($"the policy's name is '{name}'; allowed: lower-case words joined by hyphens, at most 40 characters", nameof(name));

    /// <summary>The policy's name.</summary>
    public string Name { get; }

    /// <summary>How long browsers keep an answer, where nobody can purge it. Default zero: they ask again with its <c>ETag</c>; at most 365 days.</summary>
    public TimeSpan Browser { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromDays(365)); }

    /// <summary>How long an edge keeps an answer. Default zero: not at all; at most 365 days.</summary>
    public TimeSpan Edge { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromDays(365)); }

    /// <summary>How long after that an edge may serve it while it fetches a new one. Default zero; at most 30 days.</summary>
    public TimeSpan EdgeStale { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromDays(30)); }

    /// <summary>Whether the address never gets another content (its name carries a hash). Default false.</summary>
    public bool Immutable { get; set; }

    /// <summary>Names by which an edge forgets answers. Default none; at most 50 of 1–120 letters, digits and <c>. _ : -</c>.</summary>
    public IReadOnlyList<string> Tags { get; set => field = CheckTags(value); } = [];

    /// <summary>
    /// The query parameters that choose the answer; null for all. Default null. An edge that keys on fewer parameters than the endpoint reads
    /// serves wrong answers.
    /// </summary>
    public IReadOnlyList<string>? Query { get; set; }

    /// <summary>
    /// The version of everything the answer is made from besides the request (data, model), part of the key of the answer cache. Null keeps
    /// the endpoint out of the answer cache. Default null.
    /// </summary>
    public Func<HttpContext, ValueTask<string>>? Version { get; set; }

    internal string CacheControl => Immutable
        ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={(long)Browser.TotalSeconds}, immutable")
        : Browser > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={(long)Browser.TotalSeconds}") : "no-cache";

    internal string? EdgeControl => Edge <= TimeSpan.Zero ? null
        : string.Create(CultureInfo.InvariantCulture, $"max-age={(long)Edge.TotalSeconds}") + (EdgeStale > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $", stale-while-revalidate={(long)EdgeStale.TotalSeconds}") : "");

    static IReadOnlyList<string> CheckTags(IReadOnlyList<string> tags)
    {
        if (tags.Count > MostTags)
        {
            throw new ArgumentException($"there are {tags.Count} tags; edges keep at most {MostTags} of an answer: use broader ones", nameof(tags));
        }

        return tags.FirstOrDefault(t => t.Length > LongestTag || !TagPattern().IsMatch(t)) is { } wrong
            ? throw new ArgumentException($"the tag '{wrong}' is not allowed; 1–{LongestTag} letters, digits and . _ : -", nameof(tags))
            : [.. tags];
    }

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[A-Za-z0-9._:-]+$")]
    private static partial Regex TagPattern();
}
