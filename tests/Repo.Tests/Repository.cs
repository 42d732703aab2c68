namespace Fettle.Repo.Tests;

/// <summary>The checkout that these tests read.</summary>
internal static class Repository
{
    public static readonly string Root = FindRoot();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    /// <summary>Files below the folders that match the pattern, without build outputs; relative paths with forward slashes.</summary>
    public static IEnumerable<string> Files(string pattern, params string[] folders) => folders
        .Where(f => Directory.Exists(PathOf(f)))
        .SelectMany(f => Directory.EnumerateFiles(PathOf(f), pattern, SearchOption.AllDirectories))
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
        .Where(f => !f.Split('/').Any(part => part is "artifacts" or "node_modules" or "obj" or "bin"))
        .Order(StringComparer.Ordinal);

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Fettle.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no Fettle.slnx above {AppContext.BaseDirectory}");
    }
}
