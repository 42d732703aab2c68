using Fettle.LoadTesting.Thresholds;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads scenario files. Every mistake is found in one pass and thrown together.</summary>
public static class ScenarioReader
{
    /// <summary>The version that files may name in <c>schema</c>.</summary>
    public const string Schema = "fettle.scenario/1";

    /// <summary>Reads a file; feeds are found relative to it.</summary>
    /// <exception cref="ScenarioException">The file has mistakes; all are listed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ScenarioFile Load(string path, IReadOnlyDictionary<string, string>? environment = null) =>
        Parse(File.ReadAllText(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!, environment);

    /// <summary>Reads text; <paramref name="source"/> names it in messages, <paramref name="folder"/> is where feeds are found.</summary>
    /// <exception cref="ScenarioException">The text has mistakes; all are listed.</exception>
    public static ScenarioFile Parse(string yaml, string source = "scenario", string folder = ".", IReadOnlyDictionary<string, string>? environment = null) =>
        Parse(yaml, source, new ScenarioFiles(folder), environment ?? SystemEnvironment());

    internal static ScenarioFile Parse(string yaml, string source, ScenarioFiles files, IReadOnlyDictionary<string, string> environment)
    {
        var reader = new NodeReader(files);
        YamlNode root;
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            root = stream.Documents.Count == 0 ? new YamlMappingNode() : stream.Documents[0].RootNode;
        }
        catch (YamlException e)
        {
            throw new ScenarioException(source, [$"line {e.Start.Line}: not YAML: {e.InnerException?.Message ?? e.Message}"]);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // YamlDotNet's scanner throws these on some broken texts instead of its own exception.
            throw new ScenarioException(source, [$"line 1: not YAML: {e.Message}"]);
        }

        var file = Read(root, reader, yaml, environment);
        return reader.Mistakes.Count == 0 ? file! : throw new ScenarioException(source, reader.Mistakes);
    }

    static ScenarioFile? Read(YamlNode root, NodeReader reader, string yaml, IReadOnlyDictionary<string, string> environment)
    {
        var top = reader.Mapping(root, "the file", "schema", "name", "target", "variables", "feeds", "headers", "auth", "timeout", "setup", "teardown", "scenarios", "thresholds", "short");
        reader.OneOf(top.GetValueOrDefault("schema"), "schema", Schema);
        var variables = environment.ToDictionary(e => "env." + e.Key, e => e.Value);
        foreach (var (name, node) in reader.Mapping(top.GetValueOrDefault("variables"), "variables"))
        {
            variables[name] = Template.Parse(reader.Text(node, $"variable {name}") ?? "", Escaping.None).Render(new FlowVariables(variables, new Dictionary<string, Feed>(), 0, 0));
        }

        var feeds = reader.Mapping(top.GetValueOrDefault("feeds"), "feeds").ToDictionary(f => f.Key, f => FeedReader.Read(f.Key, f.Value, reader));
        var steps = new StepReader(reader, HeaderReader.Read(top, reader), [.. variables.Keys], feeds);
        var setup = reader.List(top.GetValueOrDefault("setup"), "setup").Select(n => steps.Read(n, "setup")).ToArray();
        var teardown = reader.List(top.GetValueOrDefault("teardown"), "teardown").Select(n => steps.Read(n, "teardown")).ToArray();
        var timeout = reader.Time(top.GetValueOrDefault("timeout"), "timeout") ?? TimeSpan.FromSeconds(30);
        var scenarios = reader.Mapping(top.GetValueOrDefault("scenarios"), "scenarios").Select(s => ScenarioNodeReader.Read(s.Key, s.Value, reader, steps, timeout)).ToList();
        if (!top.ContainsKey("scenarios"))
        {
            reader.Mistake(root, "the file has no scenarios; add at least one");
        }

        var form = reader.Mapping(top.GetValueOrDefault("short"), "short", "time", "load");
        return new ScenarioFile
        {
            Name = reader.Text(top.GetValueOrDefault("name"), "name") ?? "load",
            Target = Target(top.GetValueOrDefault("target"), reader, variables),
            Text = yaml,
            Files = reader.Files.Seen,
            Variables = variables,
            Feeds = feeds,
            Setup = setup,
            Teardown = teardown,
            Scenarios = Sequence(scenarios, top.GetValueOrDefault("scenarios"), reader),
            Thresholds = [.. ThresholdReader.Read(top.GetValueOrDefault("thresholds"), reader, [.. scenarios.Select(s => s.Name)])],
            Short = new ShortForm(
                reader.Number(form.GetValueOrDefault("time"), "short.time", 0.0001, 1) ?? 0.02,
                reader.Number(form.GetValueOrDefault("load"), "short.load", 0.0001, 1) ?? 0.1),
        };
    }

    static Uri? Target(YamlNode? node, NodeReader reader, Dictionary<string, string> variables)
    {
        var text = reader.Text(node, "target");
        if (text is null)
        {
            return null;
        }

        text = Template.Parse(text, Escaping.None).Render(new FlowVariables(variables, new Dictionary<string, Feed>(), 0, 0));
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return url;
        }

        reader.Mistake(node!, $"target is '{text}'; a URL beginning with http:// or https:// is expected");
        return null;
    }

    /// <summary>Turns <c>after: other</c> into a start time: the other's end.</summary>
    static List<Scenario> Sequence(List<Scenario> scenarios, YamlNode? node, NodeReader reader)
    {
        var placed = new Dictionary<string, Scenario>();
        var open = scenarios.ToList();
        while (open.Count > 0)
        {
            var ready = open.Where(s => s.After is null || placed.ContainsKey(s.After)).ToArray();
            if (ready.Length == 0)
            {
                foreach (var stuck in open)
                {
                    reader.Mistake(node!, $"scenario {stuck.Name} starts after '{stuck.After}', which {(scenarios.Any(s => s.Name == stuck.After) ? "waits for it in turn" : "does not exist")}");
                }

                break;
            }

            foreach (var scenario in ready)
            {
                var start = scenario.StartAfter;
                if (scenario.After is not null)
                {
                    var other = placed[scenario.After];
                    start += other.StartAfter + other.WarmUp + other.Duration;
                }

                placed[scenario.Name] = scenario with { StartAfter = start };
                open.Remove(scenario);
            }
        }

        return [.. scenarios.Where(s => placed.ContainsKey(s.Name)).Select(s => placed[s.Name])];
    }

    static Dictionary<string, string> SystemEnvironment()
    {
        var result = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            result[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return result;
    }
}
