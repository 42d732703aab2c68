using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Fettle.Cli.Delivery;

/// <summary>One thing that keeps an answer from being cached, or makes caching it wrong.</summary>
internal sealed record LintFinding(string Url, bool Wrong, string Rule, string Explanation);

/// <summary>
/// Asks for a page and what it refers to on the same origin, each as a browser does, without compression, and again with its validator,
/// and explains what a cache in front would do wrong (<c>Wrong</c>) or could not do (advice).
/// </summary>
internal sealed partial class CacheLint(HttpClient client)
{
    const int MostAssets = 50;
    const int SmallestCompressed = 1024;
    const int LongSeconds = 7 * 24 * 3600;

    public async Task<IReadOnlyList<LintFinding>> RunAsync(Uri page, CancellationToken cancellation)
    {
        var findings = new List<LintFinding>();
        var html = await CheckAsync(page, findings, cancellation);
        foreach (var asset in Assets(page, html).Take(MostAssets))
        {
            await CheckAsync(asset, findings, cancellation);
        }

        return findings;
    }

    /// <summary>Scripts, styles, images and icons of the page on its own origin.</summary>
    internal static IEnumerable<Uri> Assets(Uri page, string html) => AssetPattern().Matches(html)
        .Select(m => Uri.TryCreate(page, WebUtility.HtmlDecode(m.Groups[1].Value), out var uri) ? uri : null)
        .OfType<Uri>()
        .Where(u => u.Scheme == page.Scheme && u.Authority == page.Authority)
        .Select(u => new Uri(u.GetLeftPart(UriPartial.Query)))
        .Distinct();

    async Task<string> CheckAsync(Uri url, List<LintFinding> findings, CancellationToken cancellation)
    {
        using var plain = await SendAsync(url, "identity", null, cancellation);
        var bytes = await plain.Content.ReadAsByteArrayAsync(cancellation);
        void Add(bool wrong, string rule, string explanation) => findings.Add(new LintFinding(url.ToString(), wrong, rule, explanation));
        if (!plain.IsSuccessStatusCode)
        {
            Add(true, "status", $"answers {(int)plain.StatusCode}; nothing else was checked");
            return "";
        }

        var type = plain.Content.Headers.ContentType?.MediaType ?? "";
        CheckPolicy(url, plain, type, Add);
        using var compressed = await SendAsync(url, "br, gzip", null, cancellation);
        await compressed.Content.LoadIntoBufferAsync(cancellation);
        CheckEncoding(plain, compressed, type, bytes.Length, Add);
        await CheckValidatorAsync(url, plain, Add, cancellation);
        return type == "text/html" && plain.Content.Headers.ContentEncoding.Count == 0 ? System.Text.Encoding.UTF8.GetString(bytes) : "";
    }

    static void CheckPolicy(Uri url, HttpResponseMessage answer, string type, Action<bool, string, string> add)
    {
        var policy = answer.Headers.CacheControl;
        if (policy is null)
        {
            add(false, "no-policy", "no Cache-Control: every cache guesses; say no-store, no-cache or a max-age");
            return;
        }

        var age = policy.MaxAge?.TotalSeconds ?? 0;
        var shared = policy.SharedMaxAge?.TotalSeconds ?? 0;
        var hashed = HashedName().IsMatch(url.AbsolutePath);
        if ((policy.NoStore || policy.Private) && shared > 0)
        {
            add(true, "contradiction", "s-maxage with no-store or private: shared caches may keep what they must not");
        }

        if (policy.Public && answer.Headers.Contains("Set-Cookie"))
        {
            add(true, "public-cookie", "public and Set-Cookie: one visitor's cookie is served to the next; drop the cookie or say private");
        }

        if (hashed && age < LongSeconds)
        {
            add(false, "hashed-but-short", "the name carries a hash, so it never changes: say public, max-age=31536000, immutable");
        }

        if (!hashed && type == "text/html" && age > 300)
        {
            add(true, "page-too-long", string.Create(CultureInfo.InvariantCulture, $"a page is kept {age:0} s by browsers, which nobody can purge: say no-cache, and CDN-Cache-Control for the edge"));
        }

        var vary = answer.Headers.Vary;
        if (vary.Contains("*"))
        {
            add(true, "vary-star", "Vary: * makes the answer uncacheable whatever else it says");
        }

        foreach (var name in vary.Where(v => v.Equals("User-Agent", StringComparison.OrdinalIgnoreCase) || v.Equals("Cookie", StringComparison.OrdinalIgnoreCase)))
        {
            add(false, "vary-many", $"Vary: {name} splits the cache into as many copies as there are values");
        }
    }

    static void CheckEncoding(HttpResponseMessage plain, HttpResponseMessage compressed, string type, int length, Action<bool, string, string> add)
    {
        if (plain.Content.Headers.ContentEncoding.Count > 0)
        {
            add(true, "encoding-not-asked-for", $"answers {string.Join(", ", plain.Content.Headers.ContentEncoding)} to a client that asked for identity: an output cache stands outside the compression");
        }

        if (!Compressible(type))
        {
            return;
        }

        if (length >= SmallestCompressed && compressed.Content.Headers.ContentEncoding.Count == 0)
        {
            add(false, "not-compressed", string.Create(CultureInfo.InvariantCulture, $"{length} bytes of {type} are sent as they are; Brotli or gzip would send a fraction"));
        }

        if (compressed.Content.Headers.ContentEncoding.Count > 0)
        {
            foreach (var (answer, which) in new[] { (plain, "uncompressed"), (compressed, "compressed") })
            {
                if (!answer.Headers.Vary.Contains("Accept-Encoding", StringComparer.OrdinalIgnoreCase))
                {
                    add(true, "no-vary", $"the {which} answer lacks Vary: Accept-Encoding: a shared cache gives whichever came first to everyone");
                }
            }
        }
    }

    async Task CheckValidatorAsync(Uri url, HttpResponseMessage plain, Action<bool, string, string> add, CancellationToken cancellation)
    {
        if (plain.Headers.CacheControl?.NoStore == true)
        {
            return;
        }

        if (plain.Headers.ETag is not { } tag)
        {
            if (plain.Content.Headers.LastModified is null)
            {
                add(false, "no-validator", "neither ETag nor Last-Modified: what is kept can only be fetched whole again");
            }

            return;
        }

        using var again = await SendAsync(url, "identity", tag, cancellation);
        if (again.StatusCode != HttpStatusCode.NotModified)
        {
            add(true, "validator-ignored", $"asked again with its own ETag it answers {(int)again.StatusCode} instead of 304");
        }
    }

    Task<HttpResponseMessage> SendAsync(Uri url, string encoding, EntityTagHeaderValue? tag, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        if (tag is not null)
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        return client.SendAsync(request, cancellation);
    }

    static bool Compressible(string type) => type.StartsWith("text/", StringComparison.Ordinal) || type.EndsWith("json", StringComparison.Ordinal)
        || type.EndsWith("xml", StringComparison.Ordinal) || type is "application/javascript" or "application/wasm";

    [GeneratedRegex("""<(?:script|link|img|source)\b[^>]*?\b(?:src|href)=["']([^"'#]+)["']""", RegexOptions.IgnoreCase)]
    private static partial Regex AssetPattern();

    [GeneratedRegex(@"[-.](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")]
    private static partial Regex HashedName();
}
