namespace Fettle.Repo.Tests;

/// <summary>A file has one idea; one that needs more than the budget is listed with its reason.</summary>
public sealed class SizeBudgetTests
{
    const int MaximumLines = 600;

    /// <summary>Path and reason.</summary>
    static readonly Dictionary<string, string> Exceptions = new()
    {
    };

    [Fact]
    public void SourceFiles_StayWithinTheBudget()
    {
        var over = Repository.Files("*.cs", "src", "services", "tests", "bench")
            .Select(f => (File: f, Lines: File.ReadLines(Repository.PathOf(f)).Count()))
            .Where(f => f.Lines > MaximumLines && !Exceptions.ContainsKey(f.File))
            .Select(f => $"{f.File} has {f.Lines} lines; split it, or list it with a reason in SizeBudgetTests");
        over.ShouldBeEmpty();
    }

    [Fact]
    public void Exceptions_NameFilesThatNeedThem()
    {
        foreach (var file in Exceptions.Keys)
        {
            File.ReadLines(Repository.PathOf(file)).Count().ShouldBeGreaterThan(MaximumLines, $"{file} no longer needs its exception");
        }
    }
}
