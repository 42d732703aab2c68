namespace Fettle.Testing;

/// <summary>Finds the folder <c>shared/data</c> with real data, which lies beside the checkout and may be absent.</summary>
public static class SharedData
{
    static readonly Lazy<string?> Root = new(Locate);

    /// <summary>The folder, or null where it is absent.</summary>
    public static string? Folder => Root.Value;

    /// <summary>True when the file or folder is there; the parts are joined below <c>shared/data</c>.</summary>
    public static bool Has(params string[] parts) =>
        Folder is { } folder && (File.Exists(Path.Combine([folder, .. parts])) || Directory.Exists(Path.Combine([folder, .. parts])));

    /// <summary>The full path below <c>shared/data</c>; use <see cref="RequiresSharedDataFactAttribute"/> on the test.</summary>
    public static string PathOf(params string[] parts) =>
        Folder is { } folder ? Path.Combine([folder, .. parts]) : throw new DirectoryNotFoundException("no folder shared/data above " + AppContext.BaseDirectory);

    static string? Locate()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
