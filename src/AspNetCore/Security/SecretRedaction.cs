using System.Text.RegularExpressions;

namespace Fettle.AspNetCore;

/// <summary>Takes secrets out of texts: the ones it was told, and whatever stands where secrets stand.</summary>
internal sealed partial class SecretRedaction
{
    const string Hidden = "***";
    const int Shortest = 6;

    readonly string[] _known;

    /// <param name="secrets">Exact texts that must never show; those under 6 characters would hide ordinary words and are left to the patterns.</param>
    public SecretRedaction(IEnumerable<string?> secrets) =>
        _known = [.. secrets.OfType<string>().Where(s => s.Length >= Shortest).Distinct(StringComparer.Ordinal).OrderByDescending(s => s.Length)];

    /// <summary>The text without secrets; the same object when there was none.</summary>
    public string Redact(string text)
    {
        foreach (var secret in _known)
        {
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        }

        if (MaySuspect().IsMatch(text))
        {
            text = Assignment().Replace(text, "$1" + Hidden);
            text = Bearer().Replace(text, "$1" + Hidden);
            text = UserInfo().Replace(text, "$1" + Hidden + "@");
        }

        return text;
    }

    /// <summary>Cheap to refuse: most lines have none of these.</summary>
    [GeneratedRegex("pass|pwd|secret|token|api[-_]?key|bearer|basic|authorization|://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MaySuspect();

    /// <summary><c>Password=x</c>, <c>"api_key": "x"</c>, <c>token: x</c>; not "token is missing".</summary>
    [GeneratedRegex("""((?:password|passwd|pwd|secret|token|api[-_]?key|client[-_]?secret)["']?\s*[=:]\s*["']?)(?!\*\*\*)[^\s"';,&}]+""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"((?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Bearer();

    /// <summary><c>redis://user:x@host</c>.</summary>
    [GeneratedRegex(@"(://[^\s:/@]*:)[^\s@/]+@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();
}
