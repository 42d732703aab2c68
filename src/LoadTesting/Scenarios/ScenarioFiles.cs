namespace Fettle.LoadTesting.Scenarios;

/// <summary>The files that a scenario names: read from its folder, or given with it when it came from another machine.</summary>
sealed class ScenarioFiles(string folder, IReadOnlyDictionary<string, string>? given = null)
{
    readonly Dictionary<string, string> _seen = [];

    /// <summary>What was read until now, by the name in the scenario.</summary>
    public IReadOnlyDictionary<string, string> Seen => _seen;

    /// <summary>The name for messages.</summary>
    public string Path(string name) => given is null ? System.IO.Path.Combine(folder, name) : name;

    /// <summary>The content, or null when there is no such file.</summary>
    public string? Read(string name)
    {
        var text = given is not null ? given.GetValueOrDefault(name) : File.Exists(Path(name)) ? File.ReadAllText(Path(name)) : null;
        if (text is not null)
        {
            _seen[name] = text;
        }

        return text;
    }
}
