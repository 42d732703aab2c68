using Fettle.LoadTesting;
using Fettle.LoadTesting.Scenarios;
using YamlDotNet.RepresentationModel;

namespace Fettle.Tuning.Config;

/// <summary>
/// The requests of a <c>fettle.yaml</c>: those of the scenario file it names, or the list written in place. Load models and thresholds of a scenario
/// file do not count here, because the loop loads at its own pace.
/// </summary>
internal static class ConfigScenario
{
    static readonly string[] InPlace = ["requests", "feeds", "variables", "headers", "auth"];

    public static ScenarioFile Read(YamlNode root, Dictionary<string, YamlNode> top, NodeReader reader, string folder)
    {
        var scenario = new ScenarioFile { Name = "config", Scenarios = [] };
        if (top.ContainsKey("scenario") == top.ContainsKey("requests"))
        {
            reader.Mistake(root, "one of scenario (a file) and requests (a list) is needed");
            return scenario;
        }

        if (top.TryGetValue("scenario", out var file))
        {
            foreach (var key in InPlace.Where(top.ContainsKey))
            {
                reader.Mistake(top[key], $"{key} belongs to requests written in place; with scenario they stand in its file");
            }

            scenario = FromFile(file, reader, folder) ?? scenario;
        }
        else
        {
            scenario = Written(top, reader, scenario);
        }

        var unfit = scenario.Scenarios.SelectMany(s => s.Entries).SelectMany(e => e.Steps).SelectMany(step => step.Names.Where(n => !Known(n, scenario)).Select(n => $"request {step.Name} needs ${{{n}}}, which only an earlier answer gives"));
        foreach (var mistake in unfit.Distinct())
        {
            reader.Mistake(top.GetValueOrDefault("scenario") ?? top["requests"], $"{mistake}; the loop sends every request on its own, so leave it out");
        }

        return scenario;
    }

    static ScenarioFile? FromFile(YamlNode node, NodeReader reader, string folder)
    {
        var name = reader.Text(node, "scenario") ?? "";
        var path = Path.Combine(folder, name);
        try
        {
            return ScenarioReader.Load(path);
        }
        catch (IOException)
        {
            reader.Mistake(node, $"scenario: there is no file '{path}'");
        }
        catch (ScenarioException e)
        {
            foreach (var mistake in e.Mistakes)
            {
                reader.Mistakes.Add($"{name}, {mistake}");
            }
        }

        return null;
    }

    static ScenarioFile Written(Dictionary<string, YamlNode> top, NodeReader reader, ScenarioFile scenario)
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            environment["env." + (string)entry.Key] = (string?)entry.Value ?? "";
        }

        foreach (var (name, node) in reader.Mapping(top.GetValueOrDefault("variables"), "variables"))
        {
            environment[name] = reader.Text(node, $"variable {name}") ?? "";
        }

        var feeds = reader.Mapping(top.GetValueOrDefault("feeds"), "feeds").ToDictionary(f => f.Key, f => FeedReader.Read(f.Key, f.Value, reader));
        var steps = new StepReader(reader, HeaderReader.Read(top, reader), [.. environment.Keys], feeds);
        var entries = reader.List(top["requests"], "requests").Select(n => steps.ReadEntry(n, "requests")).ToArray();
        if (entries.Length == 0)
        {
            reader.Mistake(top["requests"], "requests is empty");
        }

        return scenario with
        {
            Variables = environment,
            Feeds = feeds,
            Scenarios = entries.Length == 0 ? [] : [new Scenario { Name = "requests", Model = LoadModel.Users(1), Duration = TimeSpan.FromSeconds(1), Entries = entries }],
        };
    }

    static bool Known(string name, ScenarioFile scenario)
    {
        var dot = name.IndexOf('.');
        return name is "user" or "iteration" or "random" || scenario.Variables.ContainsKey(name) || scenario.Feeds.ContainsKey(dot < 0 ? name : name[..dot]);
    }
}

/// <summary>Draws the requests of a scenario by weight, each on its own; the same seed gives the same requests in the same order.</summary>
internal sealed class ScenarioRequests : IRequestSource
{
    readonly (Step Step, double Upper)[] _steps;
    readonly FlowVariables _variables;
    readonly LoadRequest[] _recorded;
    readonly double _total;
    int _next;

    public ScenarioRequests(ScenarioFile file, int seed)
    {
        // Feeds keep their place between draws, so every source has its own.
        var feeds = file.Feeds.ToDictionary(f => f.Key, f => f.Value.ForShare(seed & 0xFFFF, 1));
        _variables = new FlowVariables(file.Variables, feeds, 0, seed);
        _recorded = [.. file.Scenarios.SelectMany(s => s.Recorded ?? [])];
        _next = _recorded.Length == 0 ? 0 : new Random(seed).Next(_recorded.Length);
        var steps = file.Scenarios.SelectMany(s => s.Entries).SelectMany(e => e.Steps.Select(step => (Step: step, e.Weight)));
        var total = 0.0;
        _steps = [.. steps.Select(s => (s.Step, total += s.Weight))];
        _total = total;
    }

    public LoadRequest Next()
    {
        // A replay's entries are only the check before a load run; its requests are the recorded ones.
        if (_recorded.Length > 0)
        {
            return _recorded[_next++ % _recorded.Length];
        }

        _variables.BeginIteration();
        var at = _variables.Random.NextDouble() * _total;
        var step = _steps.First(s => at < s.Upper || s.Upper == _total).Step;
        return step.Render(_variables, null);
    }
}
