using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads requests: one by itself, or an entry with steps.</summary>
sealed class StepReader(NodeReader reader, IReadOnlyList<(string Name, Template Value)> headers, HashSet<string> variables, IReadOnlyDictionary<string, Feed> feeds)
{
    static readonly string[] StepKeys = ["name", "method", "path", "headers", "auth", "json", "body", "expect", "extract", "checks", "tags", "think"];
    static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public ScenarioEntry ReadEntry(YamlNode node, string what)
    {
        if (node is YamlMappingNode mapping && mapping.Children.ContainsKey(new YamlScalarNode("steps")))
        {
            var group = reader.Mapping(node, what, "weight", "steps");
            var steps = reader.List(group["steps"], $"{what}.steps").Select(n => Read(n, what)).ToArray();
            if (steps.Length == 0)
            {
                reader.Mistake(node, $"{what}: steps is empty");
            }

            return new ScenarioEntry(Weight(group, what), steps.Length == 0 ? [Nothing] : steps);
        }

        var entries = reader.Mapping(node, what, [.. StepKeys, "weight"]);
        return new ScenarioEntry(Weight(entries, what), [Read(node, entries)]);
    }

    public Step Read(YamlNode node, string what) => Read(node, reader.Mapping(node, what, StepKeys));

    double Weight(Dictionary<string, YamlNode> entries, string what) => reader.Number(entries.GetValueOrDefault("weight"), $"{what}.weight", 1e-9, 1e9) ?? 1;

    Step Read(YamlNode node, Dictionary<string, YamlNode> entries)
    {
        var path = reader.Text(entries.GetValueOrDefault("path"), "path") ?? "/";
        var name = reader.Text(entries.GetValueOrDefault("name"), "name") ?? path;
        if (!entries.ContainsKey("path"))
        {
            reader.Mistake(node, "a request has no path; add it, beginning with '/'");
        }
        else if (!path.StartsWith('/') && !path.StartsWith("${", StringComparison.Ordinal))
        {
            reader.Mistake(entries["path"], $"path is '{path}'; it begins with '/'");
        }

        if (entries.ContainsKey("json") && entries.ContainsKey("body"))
        {
            reader.Mistake(node, $"request {name} has json and body; keep one");
        }

        var body = entries.TryGetValue("json", out var json) ? BodyTemplate.FromJson(json, reader)
            : entries.TryGetValue("body", out var text) ? BodyTemplate.FromText(reader.Text(text, "body") ?? "") : null;
        var own = HeaderReader.Read(entries, reader, json is null ? headers : [.. headers, ("Content-Type", Template.Parse("application/json", Escaping.None))]);
        var step = new Step
        {
            Name = name,
            Method = reader.OneOf(entries.GetValueOrDefault("method"), "method", Methods) ?? (body is null ? "GET" : "POST"),
            Path = Template.Parse(path, Escaping.Url),
            Body = body,
            Headers = own,
            Expect = Statuses(entries.GetValueOrDefault("expect")),
            Extract = Extractions(entries.GetValueOrDefault("extract")),
            Checks = [.. reader.List(entries.GetValueOrDefault("checks"), "checks").Select(ReadCheck).OfType<Check>()],
            Tags = reader.Mapping(entries.GetValueOrDefault("tags"), "tags").ToDictionary(t => t.Key, t => reader.Text(t.Value, "tag") ?? ""),
            Think = reader.Time(entries.GetValueOrDefault("think"), "think") ?? TimeSpan.Zero,
        };
        CheckNames(step, node);
        variables.UnionWith(step.Extract.Select(e => e.Variable));
        return step;
    }

    Step Nothing => new() { Name = "nothing", Method = "GET", Path = Template.Parse("/", Escaping.None) };

    void CheckNames(Step step, YamlNode node)
    {
        foreach (var name in step.Names.Distinct())
        {
            var dot = name.IndexOf('.');
            if (variables.Contains(name) || name is "user" or "iteration" or "random")
            {
                continue;
            }

            if (feeds.TryGetValue(dot < 0 ? name : name[..dot], out var feed))
            {
                if (dot >= 0 && !feed.Columns.Contains(name[(dot + 1)..]))
                {
                    reader.Mistake(node, $"${{{name}}}: the feed has no column '{name[(dot + 1)..]}'; it has {string.Join(", ", feed.Columns)}");
                }

                continue;
            }

            var nearest = NearestName.Of(name, variables.Where(v => !v.StartsWith("env.", StringComparison.Ordinal)).Concat(feeds.Keys));
            reader.Mistake(node, name.StartsWith("env.", StringComparison.Ordinal)
                ? $"${{{name}}}: the environment variable {name[4..]} is not set"
                : $"${{{name}}} is not known{(nearest is null ? "; add it under variables, feeds, or extract it in an earlier step" : $"; did you mean '{nearest}'?")}");
        }
    }

    int[]? Statuses(YamlNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var list = node is YamlScalarNode ? [node] : reader.List(node, "expect");
        return [.. list.Select(n => reader.Whole(n, "expect", 100, 999) ?? 200)];
    }

    Extraction[] Extractions(YamlNode? node) =>
        [.. reader.Mapping(node, "extract").Select(e => ReadExtraction(e.Key, e.Value)).OfType<Extraction>()];

    Extraction? ReadExtraction(string variable, YamlNode node)
    {
        var entries = reader.Mapping(node, $"extract.{variable}", "json", "header", "regex");
        if (entries.Count != 1)
        {
            reader.Mistake(node, $"extract.{variable} needs one of json, header, regex");
            return null;
        }

        var (kind, value) = entries.Single();
        var text = reader.Text(value, $"extract.{variable}.{kind}") ?? "";
        return kind switch
        {
            "json" when JsonPath.Fault(text) is { } fault => Wrong<Extraction>(value, fault),
            "regex" when !IsRegex(text) => Wrong<Extraction>(value, $"'{text}' is not a regular expression"),
            _ => new Extraction(variable, kind switch { "json" => ValueSource.Json, "header" => ValueSource.Header, _ => ValueSource.Regex }, text),
        };
    }

    Check? ReadCheck(YamlNode node)
    {
        var entries = reader.Mapping(node, "check", "name", "status", "json", "header", "equals", "contains", "matches");
        var kinds = entries.Keys.Intersect(["status", "json", "header", "contains", "matches"]).ToArray();
        if (kinds.Length != 1)
        {
            reader.Mistake(node, "a check needs one of status, json, header, contains, matches");
            return null;
        }

        var kind = kinds[0];
        var subject = reader.Text(entries[kind], $"check.{kind}") ?? "";
        var wanted = reader.Text(entries.GetValueOrDefault("equals"), "check.equals");
        var name = reader.Text(entries.GetValueOrDefault("name"), "check.name") ?? $"{kind} {subject}{(wanted is null ? "" : $" = {wanted}")}";
        return kind switch
        {
            "status" => new Check(name, CheckKind.Status, "", (reader.Whole(entries[kind], "check.status", 100, 999) ?? 200).ToString(CultureInfo.InvariantCulture)),
            "json" when JsonPath.Fault(subject) is { } fault => Wrong<Check>(entries[kind], fault),
            "json" => new Check(name, CheckKind.Json, subject, wanted),
            "header" => new Check(name, CheckKind.Header, subject, wanted),
            "contains" => new Check(name, CheckKind.BodyContains, subject, null),
            _ when !IsRegex(subject) => Wrong<Check>(entries[kind], $"'{subject}' is not a regular expression"),
            _ => new Check(name, CheckKind.BodyMatches, subject, null),
        };
    }

    T? Wrong<T>(YamlNode node, string text) where T : class
    {
        reader.Mistake(node, text);
        return null;
    }

    static bool IsRegex(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
