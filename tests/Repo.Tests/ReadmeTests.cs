using System.Text.Json.Nodes;

namespace Fettle.Repo.Tests;

/// <summary>The figures on the first page are those of the archived runs.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void TableOfTheFullRun_IsTheArchivedOne()
    {
        var tables = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "bench", "results", "amd-epyc-2-cores", "tune-stocks.json")))!["tables"]!.AsArray();
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "README.md")).Select(l => string.Join('|', l.Split('|', StringSplitOptions.TrimEntries))).ToHashSet();
        var total = tables.Single(t => ((string)t!["title"]!).StartsWith("Total", StringComparison.Ordinal))!["rows"]!.AsArray();
        total.Count.ShouldBeGreaterThan(4);
        foreach (var row in total)
        {
            lines.ShouldContain($"|{string.Join('|', row!.AsArray().Select(c => (string?)c))}|");
        }
    }

    [Fact]
    public void FirstPage_ShowsCodeEarlyAndIsShort()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "README.md"));
        lines.Length.ShouldBeLessThanOrEqualTo(150);
        Array.FindIndex(lines, l => l.StartsWith("```", StringComparison.Ordinal)).ShouldBeInRange(0, 20);
    }
}
