using System.Diagnostics.CodeAnalysis;

namespace Fettle.Tuning;

/// <summary>The errors of this assembly, named by reason.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void OutOfRange(string name, object value, string range) =>
        throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must be {range}");

    [DoesNotReturn]
    public static void LengthsDiffer(int a, int b) =>
        throw new ArgumentException($"paired samples need equal lengths; there are {a} and {b}");

    [DoesNotReturn]
    public static void JournalDamaged(string path, int line, string reason) =>
        throw new InvalidDataException($"{path}, line {line}: {reason}; undo by hand with the statements on the lines before it, then move the file away");

    public static T InRange<T>(T value, T least, T most, string name) where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            OutOfRange(name, value, $"between {least} and {most}");
        }

        return value;
    }
}

/// <summary>
/// Tuning stopped for a reason that a person can mend: the message says what and how. Databases and journal are in a stated condition.
/// </summary>
public sealed class TuningException : Exception
{
    /// <summary>Makes the error with a one-line message for a person.</summary>
    public TuningException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the error with its cause.</summary>
    public TuningException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
