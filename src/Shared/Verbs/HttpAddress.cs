namespace Fettle.Shared.Verbs;

/// <summary>Addresses that a person types.</summary>
internal static class HttpAddress
{
    /// <param name="text">What was typed.</param>
    /// <param name="name">The option or argument it was typed for.</param>
    public static Uri Parse(string text, string name) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        ? address! : throw new UserErrorException($"{name} is '{text}'; allowed: an http or https address, such as http://localhost:5000/", ExitCode.Usage);
}
