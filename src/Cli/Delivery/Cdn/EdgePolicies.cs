using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>One policy of a service (<c>fettle.delivery/1</c>): how long an edge keeps the answers of some paths. <c>Query</c> is null when every parameter counts.</summary>
internal sealed record EdgePolicy(
    string Name, IReadOnlyList<string> Paths, long BrowserSeconds, long EdgeSeconds, long EdgeStaleSeconds, bool Immutable, IReadOnlyList<string>? Query, IReadOnlyList<string> Tags);

/// <summary>A path and its policy; the first that matches a request holds.</summary>
internal sealed record EdgeBehaviour(string Path, EdgePolicy Policy);

/// <summary>The policies of a service, checked.</summary>
internal sealed partial record EdgePolicies(string Service, IReadOnlyList<EdgePolicy> Policies)
{
    public const string Schema = "fettle.delivery/1";
    const long LongestSeconds = 365 * 24 * 3600;
    const int LongestPath = 255;

    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>What an edge may keep, narrower paths before wider ones.</summary>
    public IReadOnlyList<EdgeBehaviour> Behaviours =>
        [.. Policies.Where(p => p.EdgeSeconds > 0).SelectMany(p => p.Paths.Select(path => new EdgeBehaviour(path, p)))
            .OrderBy(b => b.Path.Contains('*', StringComparison.Ordinal)).ThenByDescending(b => b.Path.Length).ThenBy(b => b.Path, StringComparer.Ordinal)];

    /// <exception cref="UserErrorException">The document is not one, or its values are out of range; all mistakes at once.</exception>
    public static EdgePolicies Parse(JsonObject document)
    {
        if ((string?)document["schema"] != Schema)
        {
            throw new UserErrorException($"the policies have the schema '{document["schema"]}'; allowed: {Schema}, as GET /fettle/delivery answers it");
        }

        EdgePolicies policies;
        try
        {
            policies = document.Deserialize<EdgePolicies>(Options)!;
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"the policies cannot be read: {e.Message}");
        }

        var mistakes = policies.Mistakes().ToArray();
        return mistakes.Length == 0 ? policies : throw new UserErrorException(string.Join("; ", mistakes));
    }

    IEnumerable<string> Mistakes()
    {
        if (Service is null || !NamePattern().IsMatch(Service))
        {
            yield return $"the service is named '{Service}'; allowed: lower-case letters, digits and hyphens, at most 40";
        }

        if (Policies is null)
        {
            yield return "there is no member 'policies'";
            yield break;
        }

        foreach (var policy in Policies)
        {
            if (policy.Name is null || !NamePattern().IsMatch(policy.Name))
            {
                yield return $"a policy is named '{policy.Name}'; allowed: lower-case letters, digits and hyphens, at most 40";
            }

            foreach (var path in (policy.Paths ?? []).Where(p => p.Length > LongestPath || !PathPattern().IsMatch(p)))
            {
                yield return $"{policy.Name} has the path '{path}'; allowed: / and letters, digits, - . _ ~ and *, at most {LongestPath} characters";
            }

            foreach (var (name, seconds) in new[] { ("browserSeconds", policy.BrowserSeconds), ("edgeSeconds", policy.EdgeSeconds), ("edgeStaleSeconds", policy.EdgeStaleSeconds) })
            {
                if (seconds is < 0 or > LongestSeconds)
                {
                    yield return $"{policy.Name}: {name} is {seconds}; allowed: 0–{LongestSeconds}";
                }
            }
        }

        if (Policies.GroupBy(p => p.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            yield return $"two policies are named '{twice.Key}'";
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^/[A-Za-z0-9/._~*-]*$")]
    private static partial Regex PathPattern();
}
