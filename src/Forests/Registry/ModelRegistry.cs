using System.Security.Cryptography;

namespace Fettle.Forests;

/// <summary>
/// Versions of one model in a folder, <c>models/NAME/VERSION/{model, manifest.json}</c>, and which of them serves.
/// 1. <c>active</c> is a small text file that names the version; it is replaced by a rename, so a reader sees the old or the new name, never half a name.
/// 2. A version is checked (size, SHA-256, parse, one prediction) before it serves; a damaged one never replaces a good one.
/// 3. When the named version is damaged at start, the version that served before it, and then every other one from the newest, is tried.
/// All members are safe to call from several threads; <see cref="Current"/> is one volatile read.
/// </summary>
public sealed class ModelRegistry
{
    const string ActiveName = "active";
    const string PreviousName = "previous";

    readonly string _folder;
    readonly ForestOptions _options;
    readonly TimeProvider _time;
    readonly Lock _lock = new();
    volatile ActiveModel? _current;

    /// <param name="root">The folder <c>models</c>; it is created when it is missing.</param>
    /// <param name="name">The model's name: letters, digits, '-', '_' and '.', not beginning with a dot.</param>
    /// <param name="options">How versions are loaded; null takes the defaults.</param>
    /// <param name="time">Clock of the manifests; null takes the system's.</param>
    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    public ModelRegistry(string root, string name, ForestOptions? options = null, TimeProvider? time = null)
    {
        CheckName(name, nameof(name));
        _folder = Path.Combine(root, name);
        _options = options ?? new ForestOptions();
        _time = time ?? TimeProvider.System;
        Name = name;
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>The version that serves; null before the first successful <see cref="Reload"/>.</summary>
    public ActiveModel? Current => _current;

    /// <summary>The version the <c>active</c> pointer names, or null.</summary>
    public string? ActiveVersion => ReadPointer(ActiveName);

    /// <summary>The version that was active before, which <see cref="Rollback"/> returns to; or null.</summary>
    public string? PreviousVersion => ReadPointer(PreviousName);

    /// <summary>Every version with a readable manifest, newest first.</summary>
    public IReadOnlyList<ModelManifest> Versions()
    {
        var versions = new List<ModelManifest>();
        foreach (var folder in Directory.EnumerateDirectories(_folder))
        {
            try
            {
                versions.Add(ModelManifest.Read(Path.Combine(folder, "manifest.json")));
            }
            catch (Exception e) when (e is IOException or ModelFormatException or UnauthorizedAccessException)
            {
                // Being written by Add in another process, or damaged: Load names the reason when somebody asks for it.
            }
        }

        return [.. versions.OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Version, StringComparer.Ordinal)];
    }

    /// <summary>Copies a model into a new version folder. The model is loaded first, so a damaged file is never added. Does not activate it.</summary>
    /// <param name="version">Letters, digits, '-', '_' and '.', not beginning with a dot.</param>
    /// <param name="path">The model file.</param>
    /// <param name="metrics">Figures for the manifest.</param>
    /// <exception cref="ModelFormatException">The file is no model.</exception>
    /// <exception cref="InvalidOperationException">The version exists.</exception>
    public ModelManifest Add(string version, string path, IReadOnlyDictionary<string, double>? metrics = null)
    {
        CheckName(version, nameof(version));
        var bytes = File.ReadAllBytes(path);
        var forest = Forest.Load(bytes, path, _options);
        var manifest = new ModelManifest
        {
            Name = Name,
            Version = version,
            Type = $"{forest.Model.Format} {forest.Model.Objective}".TrimEnd(),
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            Bytes = bytes.Length,
            CreatedAt = _time.GetUtcNow(),
            Features = forest.Model.FeatureNames,
            Metrics = metrics ?? new Dictionary<string, double>(),
        };
        lock (_lock)
        {
            var target = Path.Combine(_folder, version);
            if (Directory.Exists(target))
            {
                throw new InvalidOperationException($"the version '{version}' of '{Name}' exists; versions are never overwritten");
            }

            var draft = Directory.CreateDirectory(Path.Combine(_folder, $".draft-{Guid.NewGuid():N}")).FullName;
            WriteFlushed(Path.Combine(draft, "model"), bytes);
            WriteFlushed(Path.Combine(draft, "manifest.json"), System.Text.Encoding.UTF8.GetBytes(manifest.ToJson()));
            Directory.Move(draft, target);
        }

        return manifest;
    }

    /// <summary>Loads and checks a version, then points <c>active</c> at it and serves it.</summary>
    /// <exception cref="ModelFormatException">The version is damaged; what served before goes on serving and the pointer stays.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such version.</exception>
    public ActiveModel Activate(string version)
    {
        CheckName(version, nameof(version));
        lock (_lock)
        {
            var loaded = Load(version);
            var before = ReadPointer(ActiveName);
            if (before is not null && before != version)
            {
                WritePointer(PreviousName, before);
            }

            WritePointer(ActiveName, version);
            return _current = loaded;
        }
    }

    /// <summary>Back to <paramref name="version"/>, or to the version that was active before.</summary>
    /// <exception cref="InvalidOperationException">No version was active before.</exception>
    /// <exception cref="ModelFormatException">That version is damaged.</exception>
    public ActiveModel Rollback(string? version = null) =>
        Activate(version ?? PreviousVersion ?? throw new InvalidOperationException($"'{Name}' has no earlier version to roll back to"));

    /// <summary>
    /// Serves what the <c>active</c> pointer names. If that is damaged, what serves goes on; if nothing serves yet, the previous version and then
    /// the others, newest first, are tried. Never throws for a damaged version: <see cref="ReloadResult.Problem"/> says why.
    /// </summary>
    public ReloadResult Reload()
    {
        lock (_lock)
        {
            var before = _current?.Version;
            var requested = ReadPointer(ActiveName);
            var problem = requested is null ? $"no version of '{Name}' is active" : TryServe(requested);
            if (problem is not null && _current is null)
            {
                foreach (var candidate in Fallbacks(requested))
                {
                    if (TryServe(candidate) is null)
                    {
                        break;
                    }
                }
            }

            return new ReloadResult(_current, requested, _current?.Version != before, problem);
        }
    }

    IEnumerable<string> Fallbacks(string? failed) =>
        new[] { ReadPointer(PreviousName) }.Concat(Versions().Select(v => v.Version)).OfType<string>().Where(v => v != failed).Distinct();

    string? TryServe(string version)
    {
        try
        {
            _current = Load(version);
            return null;
        }
        catch (Exception e) when (e is IOException or ModelFormatException or UnauthorizedAccessException or ArgumentException)
        {
            return e.Message;
        }
    }

    ActiveModel Load(string version)
    {
        CheckName(version, nameof(version));
        var folder = Path.Combine(_folder, version);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{Name}' has no version '{version}'; there are: {string.Join(", ", Versions().Select(v => v.Version))}");
        }

        var manifest = ModelManifest.Read(Path.Combine(folder, "manifest.json"));
        var path = Path.Combine(folder, "model");
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length != manifest.Bytes || Convert.ToHexStringLower(SHA256.HashData(bytes)) != manifest.Sha256)
        {
            throw new ModelFormatException($"{bytes.Length} bytes do not match the manifest ({manifest.Bytes} bytes, SHA-256 {manifest.Sha256}); add the version again", path, "checksum");
        }

        // What is measured about a version is kept beside it.
        var forest = Forest.Load(bytes, path, _options with { KernelCache = _options.KernelCache ?? folder });
        var trial = new double[forest.OutputCount];
        forest.Predict(new double[forest.FeatureCount], 1, trial);
        return new ActiveModel(manifest, forest);
    }

    string? ReadPointer(string name)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(_folder, name)).Trim();
            return text.Length > 0 && IsName(text) ? text : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    void WritePointer(string name, string version)
    {
        var temporary = Path.Combine(_folder, $".{name}-{Guid.NewGuid():N}");
        WriteFlushed(temporary, System.Text.Encoding.UTF8.GetBytes(version + "\n"));
        File.Move(temporary, Path.Combine(_folder, name), overwrite: true);
    }

    static void WriteFlushed(string path, byte[] bytes)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    static bool IsName(string text) => text.Length is > 0 and <= 128 && text[0] != '.'
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && text is not (ActiveName or PreviousName);

    static void CheckName(string text, string parameter)
    {
        if (!IsName(text))
        {
            throw new ArgumentException($"'{text}' is not allowed; 1 to 128 letters, digits, '-', '_' and '.', not beginning with a dot, not 'active' or 'previous'", parameter);
        }
    }
}
