using System.Runtime.CompilerServices;
using Fettle.Forests;

namespace Fettle.Services.Stocks.Models;

/// <summary>The model that serves, walked plainly or compiled. A request takes it once and finishes on it, whatever is reloaded meanwhile.</summary>
internal sealed class ServingModels
{
    public const string ModelName = "upper-circuit";

    /// <summary>
    /// Largest relative change of a probability by the quantised form. A margin that moves by m moves its probability by at most exp(m) − 1 of it; a model whose
    /// leaves lose more than that is not quantised.
    /// </summary>
    public const double Tolerance = 0.0005;

    /// <summary>One for each form that was asked for: plain or compiled, exact or quantised.</summary>
    readonly ConditionalWeakTable<ActiveModel, ServingModel>[] _forms = [[], [], [], []];

    public ServingModels(string root)
    {
        Registry = new ModelRegistry(root, ModelName, new ForestOptions { Kernel = ForestKernel.Plain });
        LastReload = Registry.Reload();
    }

    public ModelRegistry Registry { get; }

    /// <summary>What the last reload said; why no model serves, when none does.</summary>
    public ReloadResult LastReload { get; private set; }

    /// <summary>The model in a form; null while none serves.</summary>
    /// <param name="compiled">Walked by the fastest kernel that fits.</param>
    /// <param name="quantised">With leaves of 16 bits, where that changes no probability by more than <see cref="Tolerance"/>; else exact.</param>
    public ServingModel? Current(bool compiled, bool quantised = false) => Registry.Current is not { } active ? null
        : (compiled, quantised) switch
        {
            (false, false) => _forms[0].GetValue(active, Plain),
            (true, false) => _forms[1].GetValue(active, Compiled),
            (false, true) => _forms[2].GetValue(active, a => Quantised(_forms[0].GetValue(a, Plain), ForestKernel.Plain)),
            (true, true) => _forms[3].GetValue(active, a => Quantised(_forms[1].GetValue(a, Compiled), ForestKernel.Auto)),
        };

    public ReloadResult Reload() => LastReload = Registry.Reload();

    static ServingModel Plain(ActiveModel active) => new(active.Version, active.Manifest.Sha256, active.Forest);

    /// <summary>From the model in memory, which was checked: whatever happens to the file meanwhile, both forms are the same version.</summary>
    static ServingModel Compiled(ActiveModel active) =>
        new(active.Version, active.Manifest.Sha256, active.Forest.With(new ForestOptions { Kernel = ForestKernel.Auto }));

    /// <summary>The exact model where its leaves would lose too much.</summary>
    static ServingModel Quantised(ServingModel exact, ForestKernel kernel)
    {
        const LeafPrecision leaves = LeafPrecision.Int16;
        var moved = Math.Exp(QuantizationReport.WorstCaseMargin(exact.Forest.Model, leaves) * exact.Forest.Model.LinkScale) - 1;
        return moved > Tolerance
            ? exact
            : new ServingModel(exact.Version, exact.Sha256, Forest.Load(exact.Forest.ToBinary(leaves, keepStatistics: false), exact.Version, new ForestOptions { Kernel = kernel }), exact);
    }
}

/// <summary>One version in one form.</summary>
/// <param name="Version">The version's name.</param>
/// <param name="Sha256">The checksum of its file: a version that is replaced under its old name is another model.</param>
/// <param name="Forest">The trees.</param>
/// <param name="Original">The exact form of a quantised one; null for an exact one.</param>
internal sealed record ServingModel(string Version, string Sha256, Forest Forest, ServingModel? Original = null)
{
    const int DigestLength = 16;

    /// <summary>What names the model in keys: the version is in the answer, and the checksum and the form decide what the answer is.</summary>
    public string Key { get; } = $"{Version}@{Sha256.AsSpan(0, DigestLength)}{(Original is null ? "" : "~16")}";

    /// <summary>The form that gives the file's bits, and explains them.</summary>
    public ServingModel Exact => Original ?? this;
}
