namespace Fettle.Tuning.Targets;

/// <summary>How Fettle starts an instance of a service: a program with arguments in which <c>{database}</c>, <c>{url}</c> and <c>{port}</c> are filled in.</summary>
public sealed record Launch
{
    /// <summary>The program, for instance <c>dotnet</c>.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments with placeholders.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Environment added to the tuner's own; values may hold the same placeholders.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Path that answers 2xx when the service is ready; default <c>/readyz</c>.</summary>
    public string ReadyPath { get; init; } = "/readyz";

    /// <summary>How long an instance may take to become ready; default 60 s.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    internal string Fill(string text, string database, Uri url) => text
        .Replace("{database}", database, StringComparison.Ordinal)
        .Replace("{url}", url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
        .Replace("{port}", url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
