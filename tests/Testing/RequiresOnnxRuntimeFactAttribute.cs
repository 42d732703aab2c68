namespace Fettle.Testing;

/// <summary>Skips without node and the npm package onnxruntime-node.</summary>
public sealed class RequiresOnnxRuntimeFactAttribute() : RequiresFactAttribute(
    Tools.Find("node") is null ? "the program node"
    : Folder is null ? "onnxruntime-node (npm install onnxruntime-node --ignore-scripts --prefix artifacts/onnxruntime, or FETTLE_ONNXRUNTIME)" : null)
{
    /// <summary>The folder whose node_modules holds onnxruntime-node: FETTLE_ONNXRUNTIME, or artifacts/onnxruntime of the checkout; or null.</summary>
    public static string? Folder { get; } = Candidates().FirstOrDefault(f => Directory.Exists(Path.Combine(f, "node_modules", "onnxruntime-node")));

    static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("FETTLE_ONNXRUNTIME") is { Length: > 0 } given)
        {
            yield return given;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            yield return Path.Combine(folder.FullName, "artifacts", "onnxruntime");
        }
    }
}
