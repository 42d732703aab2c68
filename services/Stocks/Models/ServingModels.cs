using System.Runtime.CompilerServices;
using Fettle.Forests;

namespace Fettle.Services.Stocks.Models;

/// <summary>The model that serves, walked plainly or compiled. A request takes it once and finishes on it, whatever is reloaded meanwhile.</summary>
internal sealed class ServingModels
{
    public const string ModelName = "upper-circuit";

    readonly ConditionalWeakTable<ActiveModel, ServingModel> _plain = [];
    readonly ConditionalWeakTable<ActiveModel, ServingModel> _compiled = [];

    public ServingModels(string root)
    {
        Registry = new ModelRegistry(root, ModelName, new ForestOptions { Kernel = ForestKernel.Plain });
        LastReload = Registry.Reload();
    }

    public ModelRegistry Registry { get; }

    /// <summary>What the last reload said; why no model serves, when none does.</summary>
    public ReloadResult LastReload { get; private set; }

    public ServingModel? Current(bool compiled) => Registry.Current is { } active
        ? compiled ? _compiled.GetValue(active, Compiled) : _plain.GetValue(active, Plain)
        : null;

    public ReloadResult Reload() => LastReload = Registry.Reload();

    static ServingModel Plain(ActiveModel active) => new(active.Version, active.Manifest.Sha256, active.Forest);

    /// <summary>From the model in memory, which was checked: whatever happens to the file meanwhile, both forms are the same version.</summary>
    static ServingModel Compiled(ActiveModel active) =>
        new(active.Version, active.Manifest.Sha256, active.Forest.With(new ForestOptions { Kernel = ForestKernel.Auto }));
}

/// <summary>One version in one form.</summary>
/// <param name="Version">The version's name.</param>
/// <param name="Sha256">The checksum of its file: a version that is replaced under its old name is another model.</param>
/// <param name="Forest">The trees.</param>
internal sealed record ServingModel(string Version, string Sha256, Forest Forest)
{
    const int DigestLength = 16;

    /// <summary>What names the model in keys: the version is in the answer and the checksum decides what the answer is.</summary>
    public string Key { get; } = $"{Version}@{Sha256.AsSpan(0, DigestLength)}";
}
