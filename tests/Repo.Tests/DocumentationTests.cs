using System.Text.RegularExpressions;

namespace Fettle.Repo.Tests;

/// <summary>What the documentation names exists.</summary>
public sealed partial class DocumentationTests
{
    static readonly string[] Roots = ["src/", "services/", "tests/", "bench/", "docs/", "deploy/", "eng/", "web/"];

    public static TheoryData<string> Pages => new(Repository.Files("*.md", "docs", "bench").Append("README.md").Where(f => File.Exists(Repository.PathOf(f))));

    [Theory]
    [MemberData(nameof(Pages))]
    public void NamedPaths_Exist(string page)
    {
        var missing = Code().Matches(Repository.Read(page)).Select(m => m.Groups[1].Value)
            .Where(text => Roots.Any(r => text.StartsWith(r, StringComparison.Ordinal)) && !text.Any(c => c is '<' or '*' or ' ' or '{' or '…'))
            .Select(text => text.TrimEnd('/', '.'))
            .Where(text => !File.Exists(Repository.PathOf(text)) && !Directory.Exists(Repository.PathOf(text)));
        missing.ShouldBeEmpty($"{page} names paths that do not exist");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void RelativeLinks_Resolve(string page)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(page))!;
        var broken = Link().Matches(Repository.Read(page)).Select(m => m.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(folder, target)));
        broken.ShouldBeEmpty($"{page} has links to nothing");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void NamedVerbs_Exist(string page)
    {
        var catalog = Regex.Matches(Repository.Read("src/Shared/Verbs/Verb.cs"), "new\\(\"(\\w+)\"").Select(m => m.Groups[1].Value).ToHashSet();
        var unknown = VerbUse().Matches(Repository.Read(page)).Select(m => m.Groups[1].Value).Where(v => !catalog.Contains(v) && v != "help").Distinct();
        unknown.ShouldBeEmpty($"{page} names verbs that fettle does not have");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_NameNoPathOfAMachine(string page) =>
        MachinePath().Matches(Repository.Read(page)).Select(m => m.Value).ShouldBeEmpty($"{page} names a path of one machine");

    [Fact]
    public void Decisions_HaveNumbersOfTheirOwn()
    {
        var files = Repository.Files("*.md", "docs/decisions").ToArray();
        files.Length.ShouldBeGreaterThan(10);
        var numbers = files.Select(f => Path.GetFileName(f)[..4]).ToArray();
        numbers.ShouldBeUnique();
        files.Where((f, i) => !Repository.Read(f).StartsWith($"# {numbers[i]}: ", StringComparison.Ordinal)).ShouldBeEmpty("the first line is '# NUMBER: TITLE'");
    }

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?:`|\./|^)fettle ([a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex VerbUse();

    [GeneratedRegex(@"/(?:home|root|work|Users)/\S+")]
    private static partial Regex MachinePath();
}
