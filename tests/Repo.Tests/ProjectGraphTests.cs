using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Fettle.Repo.Tests;

/// <summary>Project files reference what docs/architecture.md draws, and nothing else.</summary>
public sealed partial class ProjectGraphTests
{
    static readonly string[] WithoutPackages = ["Caching", "Redis", "Caching.Redis", "Indicators", "Forests"];

    public static TheoryData<string> Projects => new(ProductProjects().Select(NameOf));

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_AreTheDrawnArrows(string project)
    {
        var arrows = Arrows();
        arrows.ShouldContainKey(project, $"docs/architecture.md draws no line for {project}");
        var references = Elements(project, "ProjectReference").Select(NameOf).Order(StringComparer.Ordinal).ToArray();

        references.Except(arrows[project]).ShouldBeEmpty($"{project} references more than docs/architecture.md draws");
    }

    [Fact]
    public void DrawnArrows_NameProjectsThatExist()
    {
        var known = ProductProjects().Select(NameOf).ToHashSet();
        foreach (var (from, to) in Arrows())
        {
            known.ShouldContain(from);
            to.ShouldAllBe(t => known.Contains(t));
        }
    }

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        var solution = Repository.Read("Fettle.slnx");
        foreach (var file in Repository.Files("*.csproj", "src", "services", "tests", "bench"))
        {
            solution.ShouldContain($"\"{file}\"");
        }
    }

    [Theory]
    [InlineData("Caching")]
    [InlineData("Redis")]
    [InlineData("Caching.Redis")]
    [InlineData("Indicators")]
    [InlineData("Forests")]
    public void BclOnlyLibrary_HasNoPackage(string project)
    {
        WithoutPackages.ShouldContain(project);
        Elements(project, "PackageReference").ShouldBeEmpty();
        Elements(project, "FrameworkReference").ShouldBeEmpty();
    }

    [Fact]
    public void Packages_AreAllExplainedInTheDecisionRecord()
    {
        var record = string.Join('\n', Repository.Files("*.md", "docs/decisions").Select(Repository.Read));
        foreach (var package in ProductProjects().SelectMany(p => Elements(NameOf(p), "PackageReference")).Distinct())
        {
            record.ShouldContain(package, Case.Sensitive, $"no decision record names the package {package}");
        }
    }

    static IEnumerable<string> ProductProjects() => Repository.Files("*.csproj", "src", "services");

    static string NameOf(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))["Fettle.".Length..];

    static string[] Elements(string project, string element) =>
        [.. XDocument.Load(Repository.PathOf(ProductProjects().Single(p => NameOf(p) == project))).Descendants(element).Select(e => e.Attribute("Include")!.Value)];

    static Dictionary<string, string[]> Arrows()
    {
        var block = ArrowBlock().Match(Repository.Read("docs/architecture.md")).Groups[1].Value;
        return block.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("->", StringSplitOptions.TrimEntries))
            .ToDictionary(parts => parts[0], parts => parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [GeneratedRegex("```arrows\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ArrowBlock();
}
