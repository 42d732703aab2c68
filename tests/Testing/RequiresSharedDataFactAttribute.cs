namespace Fettle.Testing;

/// <summary>Skips when a file or folder below <c>shared/data</c> is absent.</summary>
public sealed class RequiresSharedDataFactAttribute(params string[] parts)
    : RequiresFactAttribute(SharedData.Has(parts) ? null : $"shared/data/{string.Join('/', parts)} (real data beside the checkout)");

/// <summary>The same for theories.</summary>
public sealed class RequiresSharedDataTheoryAttribute(params string[] parts)
    : RequiresTheoryAttribute(SharedData.Has(parts) ? null : $"shared/data/{string.Join('/', parts)} (real data beside the checkout)");
