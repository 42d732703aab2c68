namespace Fettle.Forests;

/// <summary>
/// A model file cannot be read: it is truncated, inconsistent or asks for what this library does not do.
/// The message names the file, the place (byte offset, line or field), the value and what is allowed.
/// </summary>
public sealed class ModelFormatException(string message, string file, string place, Exception? inner = null)
    : FormatException($"{file}: {place}: {message}", inner)
{
    /// <summary>The file, or the name given with the bytes.</summary>
    public string File { get; } = file;

    /// <summary>Where in the file: <c>byte 1234</c>, <c>line 12</c> or a field path.</summary>
    public string Place { get; } = place;
}
