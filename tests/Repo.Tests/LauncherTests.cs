using System.Text.RegularExpressions;

namespace Fettle.Repo.Tests;

/// <summary>The launcher sends exactly the verbs that Host owns to Host.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed partial class LauncherTests
{
    [Fact]
    public void HostVerbs_AreTheOnesTheCatalogGivesToHost()
    {
        var launcher = HostCase().Match(Repository.Read("fettle")).Groups[1].Value.Split('|', StringSplitOptions.TrimEntries);
        var catalog = CatalogEntry().Matches(Repository.Read("src/Shared/Verbs/Verb.cs"))
            .Where(m => m.Groups[2].Value == "Host").Select(m => m.Groups[1].Value).ToArray();

        catalog.ShouldNotBeEmpty();
        launcher.ShouldBe(catalog, ignoreOrder: true);
    }

    [Theory]
    [InlineData("fettle")]
    [InlineData("test")]
    [InlineData(".ci/run")]
    public void Script_IsExecutable(string path) =>
        (File.GetUnixFileMode(Repository.PathOf(path)) & UnixFileMode.UserExecute).ShouldNotBe(UnixFileMode.None);

    [GeneratedRegex(@"^\s+([a-z |]+)\) program=.*Services\.Host", RegexOptions.Multiline)]
    private static partial Regex HostCase();

    [GeneratedRegex(@"new\(""(\w+)"", VerbOwner\.(\w+)")]
    private static partial Regex CatalogEntry();
}
