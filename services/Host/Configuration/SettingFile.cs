using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fettle.Services.Host.Configuration;

/// <summary>The section <c>service</c> of <c>fettle.yaml</c>; other sections belong to other verbs.</summary>
internal static class SettingFile
{
    public const string DefaultName = "fettle.yaml";
    const string Section = "service";

    /// <summary>Name, value and line of each setting in the section; mistakes are added to the list.</summary>
    public static IReadOnlyList<(string Name, string Value, long Line)> Read(string path, List<string> mistakes)
    {
        try
        {
            using var reader = new StreamReader(path);
            var yaml = new YamlStream();
            yaml.Load(reader);
            if (yaml.Documents.Count == 0 || yaml.Documents[0].RootNode is not YamlMappingNode root)
            {
                mistakes.Add($"{path} is not a mapping; write 'service:' and settings below it");
                return [];
            }

            var found = new List<(string, string, long)>();
            if (root.Children.FirstOrDefault(c => c.Key is YamlScalarNode { Value: Section }).Value is YamlMappingNode section)
            {
                Collect(path, section, "", found, mistakes);
            }

            return found;
        }
        catch (YamlException e)
        {
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"{path}:{e.Start.Line}: not YAML: {e.Message}"));
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"{path} cannot be read: {e.Message}");
            return [];
        }
    }

    static void Collect(string path, YamlMappingNode mapping, string prefix, List<(string, string, long)> found, List<string> mistakes)
    {
        foreach (var (key, value) in mapping.Children)
        {
            var name = prefix + ((YamlScalarNode)key).Value;
            switch (value)
            {
                case YamlScalarNode scalar:
                    found.Add((name, scalar.Value ?? "", scalar.Start.Line));
                    break;
                case YamlMappingNode inner when prefix.Length == 0:
                    Collect(path, inner, name + ":", found, mistakes);
                    break;
                default:
                    mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"{path}:{value.Start.Line}: '{name}' must be a plain value"));
                    break;
            }
        }
    }
}
