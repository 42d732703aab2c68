using System.Runtime.CompilerServices;

namespace Fettle.Caching;

/// <summary>Range checks that return the value, so that a property setter is one expression.</summary>
internal static class Guard
{
    public static T Range<T>(T value, T least, T most, [CallerMemberName] string name = "")
        where T : IComparable<T>
    {
        // A NaN compares below every number, so it falls out of every range.
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            Throw.OutOfRange(name, value, FormattableString.Invariant($"{least} to {most}"));
        }

        return value;
    }

    public static T? Range<T>(T? value, T least, T most, [CallerMemberName] string name = "")
        where T : struct, IComparable<T> => value is { } given ? Range(given, least, most, name) : null;

    public static string Name(string? value, string name)
    {
        if (value is not { Length: >= 1 and <= 64 } || value.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            Throw.BadName(name, value);
        }

        return value;
    }

    static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}
