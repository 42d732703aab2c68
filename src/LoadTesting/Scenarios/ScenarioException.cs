namespace Fettle.LoadTesting.Scenarios;

/// <summary>Every mistake of a scenario file at once, each with its line, what was found, what is allowed and the nearest known name.</summary>
public sealed class ScenarioException(string source, IReadOnlyList<string> mistakes)
    : Exception($"{source}: {mistakes.Count} mistake{(mistakes.Count == 1 ? "" : "s")}\n{string.Join('\n', mistakes.Select(m => "  " + m))}")
{
    /// <summary>One line for each mistake.</summary>
    public IReadOnlyList<string> Mistakes { get; } = mistakes;
}
