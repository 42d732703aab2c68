using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads YAML nodes into values and collects mistakes instead of stopping at the first.</summary>
sealed class NodeReader(ScenarioFiles files)
{
    public List<string> Mistakes { get; } = [];

    /// <summary>The files beside the scenario.</summary>
    public ScenarioFiles Files => files;

    public void Mistake(YamlNode node, string text) => Mistakes.Add($"line {node.Start.Line}: {text}");

    /// <summary>The entries of a mapping; keys that are not known are mistakes.</summary>
    public Dictionary<string, YamlNode> Mapping(YamlNode? node, string what, params string[] known)
    {
        var entries = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (node is not YamlMappingNode mapping)
        {
            if (node is not null)
            {
                Mistake(node, $"{what} is a {Kind(node)}; a mapping with the keys {string.Join(", ", known)} is expected");
            }

            return entries;
        }

        foreach (var (key, value) in mapping.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (known.Length > 0 && !known.Contains(name))
            {
                var nearest = NearestName.Of(name, known);
                Mistake(key, $"{what} has no key '{name}'{(nearest is null ? $"; known: {string.Join(", ", known)}" : $"; did you mean '{nearest}'?")}");
                continue;
            }

            entries[name] = value;
        }

        return entries;
    }

    public IReadOnlyList<YamlNode> List(YamlNode? node, string what)
    {
        switch (node)
        {
            case null:
                return [];
            case YamlSequenceNode sequence:
                return [.. sequence.Children];
            default:
                Mistake(node, $"{what} is a {Kind(node)}; a list is expected");
                return [];
        }
    }

    public string? Text(YamlNode? node, string what)
    {
        if (node is null or YamlScalarNode)
        {
            return (node as YamlScalarNode)?.Value;
        }

        Mistake(node, $"{what} is a {Kind(node)}; text is expected");
        return null;
    }

    public double? Number(YamlNode? node, string what, double min, double max)
    {
        if (node is null)
        {
            return null;
        }

        if (node is YamlScalarNode { Value: { } text } && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        Mistake(node, $"{what} is '{node}'; a number from {min.ToString(CultureInfo.InvariantCulture)} to {max.ToString(CultureInfo.InvariantCulture)} is expected");
        return null;
    }

    public int? Whole(YamlNode? node, string what, int min, int max)
    {
        var number = Number(node, what, min, max);
        if (number is { } n && n != Math.Floor(n))
        {
            Mistake(node!, $"{what} is {node}; a whole number is expected");
        }

        return (int?)number;
    }

    public bool? Flag(YamlNode? node, string what)
    {
        if (node is null || node is YamlScalarNode { Value: "true" or "false" })
        {
            return node is null ? null : ((YamlScalarNode)node).Value == "true";
        }

        Mistake(node, $"{what} is '{node}'; true or false is expected");
        return null;
    }

    public TimeSpan? Time(YamlNode? node, string what)
    {
        if (node is null)
        {
            return null;
        }

        if (node is YamlScalarNode { Value: { } text } && DurationText.TryParse(text, out var span))
        {
            return span;
        }

        Mistake(node, $"{what} is '{node}'; a duration such as 500ms, 30s, 5m, 1h30m is expected");
        return null;
    }

    public string? OneOf(YamlNode? node, string what, params string[] allowed)
    {
        var text = Text(node, what);
        if (text is null || allowed.Contains(text))
        {
            return text;
        }

        Mistake(node!, $"{what} is '{text}'; allowed: {string.Join(", ", allowed)}{(NearestName.Of(text, allowed) is { } nearest ? $"; did you mean '{nearest}'?" : "")}");
        return null;
    }

    static string Kind(YamlNode node) => node switch { YamlMappingNode => "mapping", YamlSequenceNode => "list", _ => "plain value" };
}
