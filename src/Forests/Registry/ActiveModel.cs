namespace Fettle.Forests;

/// <summary>
/// One loaded version. A request takes it once and finishes with it; a reload meanwhile changes what the next request takes.
/// </summary>
/// <param name="Manifest">What the version folder says.</param>
/// <param name="Forest">The model, ready to predict.</param>
public sealed record ActiveModel(ModelManifest Manifest, Forest Forest)
{
    /// <summary>The version's name.</summary>
    public string Version => Manifest.Version;
}

/// <summary>What <see cref="ModelRegistry.Reload"/> did.</summary>
/// <param name="Active">What serves now; null when nothing could ever be loaded.</param>
/// <param name="Requested">The version that the <c>active</c> pointer names, or that was asked for.</param>
/// <param name="Changed">True when another version serves than before.</param>
/// <param name="Problem">Why the requested version does not serve; null when it does.</param>
public sealed record ReloadResult(ActiveModel? Active, string? Requested, bool Changed, string? Problem);
