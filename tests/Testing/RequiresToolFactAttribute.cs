namespace Fettle.Testing;

/// <summary>Skips when a program is on neither the PATH nor the usual system folders.</summary>
public sealed class RequiresToolFactAttribute(string tool)
    : RequiresFactAttribute(Tools.Find(tool) is null ? $"the program {tool}" : null);

/// <summary>Finds programs.</summary>
public static class Tools
{
    static readonly string[] SystemFolders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/usr/lib/postgresql/15/bin"];

    /// <summary>The full path of a program, or null.</summary>
    public static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(SystemFolders)
        .Where(f => f.Length > 0)
        .Select(f => Path.Combine(f, tool))
        .FirstOrDefault(File.Exists);
}
