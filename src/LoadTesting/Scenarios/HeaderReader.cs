using System.Text;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads <c>headers</c> and <c>auth</c> of the file, a scenario or a request.</summary>
static class HeaderReader
{
    public static IReadOnlyList<(string Name, Template Value)> Read(Dictionary<string, YamlNode> entries, NodeReader reader, IReadOnlyList<(string Name, Template Value)>? inherited = null)
    {
        var headers = (inherited ?? []).ToList();
        foreach (var (name, node) in reader.Mapping(entries.GetValueOrDefault("headers"), "headers"))
        {
            if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) || name.ToLowerInvariant() is "content-length" or "transfer-encoding" or "connection")
            {
                reader.Mistake(node, $"header '{name}' cannot be set; names are letters, digits and '-', and the framing headers are written by the engine");
                continue;
            }

            Set(headers, name, Template.Parse(reader.Text(node, $"header {name}") ?? "", Escaping.None));
        }

        if (entries.TryGetValue("auth", out var auth))
        {
            var kinds = reader.Mapping(auth, "auth", "bearer", "basic");
            if (kinds.Count != 1)
            {
                reader.Mistake(auth, "auth needs one of bearer (a token) or basic (user:password)");
            }

            if (kinds.TryGetValue("bearer", out var bearer))
            {
                Set(headers, "Authorization", Template.Parse("Bearer " + reader.Text(bearer, "auth.bearer"), Escaping.None));
            }

            if (kinds.TryGetValue("basic", out var basic))
            {
                Set(headers, "Authorization", Template.Parse("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(reader.Text(basic, "auth.basic") ?? "")), Escaping.None));
            }
        }

        return headers;
    }

    static void Set(List<(string Name, Template Value)> headers, string name, Template value)
    {
        headers.RemoveAll(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        headers.Add((name, value));
    }
}
