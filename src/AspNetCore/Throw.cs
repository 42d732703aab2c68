using System.Runtime.CompilerServices;

namespace Fettle.AspNetCore;

/// <summary>Refusals, named by reason.</summary>
internal static class Throw
{
    /// <summary>The value when it is within the range, else an error with name, value and range.</summary>
    public static T IfOutside<T>(T value, T least, T most, [CallerMemberName] string name = "")
        where T : IComparable<T> =>
        value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? value
            : throw new ArgumentOutOfRangeException(name, value, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} must be between {least} and {most}"));
}
