namespace Fettle.Testing;

/// <summary>Finds programs on the PATH and files of the repository.</summary>
public static class Programs
{
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Append("/usr/local/bin").Append("/usr/bin")
        .Where(f => f.Length > 0)
        .Select(f => Path.Combine(f, name))
        .FirstOrDefault(File.Exists);

    /// <summary>A file of the checkout the tests were built from.</summary>
    public static string RepositoryFile(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Fettle.slnx")))
            {
                return Path.Combine(folder.FullName, relative);
            }
        }

        throw new InvalidOperationException($"no checkout above {AppContext.BaseDirectory}");
    }
}
