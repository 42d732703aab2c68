using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace Fettle.AspNetCore;

/// <summary>One file of the dashboard in the encodings that were made when it was built.</summary>
internal sealed record DashboardFile(string Name, string ContentType, string ETag, byte[] Identity, byte[]? Brotli, byte[]? Gzip)
{
    /// <summary>Vite puts a hash of the content into every name below <c>assets/</c>, so such a file never changes.</summary>
    public bool Immutable => Name.StartsWith("assets/", StringComparison.Ordinal);
}

/// <summary>The dashboard's files, embedded in this assembly when the page was built before it; empty otherwise.</summary>
internal sealed class DashboardFiles
{
    const string Prefix = "dashboard/";

    readonly FrozenDictionary<string, DashboardFile> _files;

    public DashboardFiles()
        : this(Read(typeof(DashboardFiles).Assembly))
    {
    }

    /// <param name="files">Path below the page's root to content; <c>.br</c> and <c>.gz</c> beside a file are its encodings.</param>
    public DashboardFiles(IReadOnlyDictionary<string, byte[]> files) =>
        _files = files.Where(f => !f.Key.EndsWith(".br", StringComparison.Ordinal) && !f.Key.EndsWith(".gz", StringComparison.Ordinal))
            .Select(f => new DashboardFile(
                f.Key, TypeOf(f.Key), $"\"{Convert.ToHexStringLower(SHA256.HashData(f.Value).AsSpan(0, 8))}\"", f.Value,
                files.GetValueOrDefault(f.Key + ".br"), files.GetValueOrDefault(f.Key + ".gz")))
            .ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);

    public bool Built => _files.ContainsKey("index.html");

    public DashboardFile? Find(string path) => _files.GetValueOrDefault(path);

    static Dictionary<string, byte[]> Read(Assembly assembly) => assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(n => n[Prefix.Length..].Replace('\\', '/'), n =>
        {
            using var stream = assembly.GetManifestResourceStream(n)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });

    static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".json" or ".webmanifest" => "application/json",
        _ => "application/octet-stream",
    };
}
