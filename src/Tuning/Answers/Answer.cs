namespace Fettle.Tuning.Answers;

/// <summary>A request whose answer is a gate.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">JSON body, or null.</param>
/// <param name="AcceptEncoding">The Accept-Encoding to send: <c>identity</c>, <c>gzip</c>, <c>br</c>, or null for none.</param>
internal sealed record GoldenRequest(string Name, string Method, string Path, string? Body, string? AcceptEncoding = null)
{
    /// <summary>Further headers, Content-Type among them; JSON when a body comes without one.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public override string ToString() => $"{Method} {Path}{(AcceptEncoding is null ? "" : $" ({AcceptEncoding})")}";
}

/// <summary>What a client sees: status, the headers that change its meaning, and the decoded body.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Media type with parameters, or empty.</param>
/// <param name="ContentEncoding">Content-Encoding, or empty.</param>
/// <param name="Vary">Members of Vary, lower case, sorted, comma-separated.</param>
/// <param name="Body">The body after decoding the encoding.</param>
internal sealed record Answer(int Status, string ContentType, string ContentEncoding, string Vary, byte[] Body);
