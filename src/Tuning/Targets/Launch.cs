namespace Fettle.Tuning.Targets;

/// <summary>How Fettle starts an instance of a service: a program with arguments in which <c>{database}</c> (an address such as <c>sqlite:FILE</c>),
/// <c>{database.value}</c> (the file or connection string alone), <c>{url}</c>, <c>{port}</c> and <c>{name}</c> (a or b) are filled in.</summary>
public sealed record Launch
{
    /// <summary>The program, for instance <c>dotnet</c>.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments with placeholders.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Environment added to the tuner's own; values may hold the same placeholders.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Folder in which it is started; null for the tuner's own.</summary>
    public string? Folder { get; init; }

    /// <summary>Path that answers 2xx when the service is ready; default <c>/readyz</c>.</summary>
    public string ReadyPath { get; init; } = "/readyz";

    /// <summary>How long an instance may take to become ready; default 60 s.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    internal string Fill(string text, string database, Uri url, string name) => text
        .Replace("{database.value}", database[(database.IndexOf(':') + 1)..], StringComparison.Ordinal)
        .Replace("{name}", name, StringComparison.Ordinal)
        .Replace("{database}", database, StringComparison.Ordinal)
        .Replace("{url}", url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
        .Replace("{port}", url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
