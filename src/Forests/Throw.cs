using System.Diagnostics.CodeAnalysis;

namespace Fettle.Forests;

/// <summary>Every exception of the assembly that is not about a file's content.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void RowTooShort(int length, int features) => throw new ArgumentException(
        $"the row has {length} values, the model needs {features}; missing values are NaN");

    [DoesNotReturn]
    public static void RowsTooShort(int length, int count, int features) => throw new ArgumentException(
        $"rows holds {length} values, {count} rows of {features} features need {(long)count * features}");

    [DoesNotReturn]
    public static void OutputsTooShort(int length, int count, int outputs) => throw new ArgumentException(
        $"outputs holds {length} values, {count} rows of {outputs} outputs need {(long)count * outputs}");

    [DoesNotReturn]
    public static void NegativeCount(int count) => throw new ArgumentOutOfRangeException(nameof(count), count, "the number of rows is 0 or more");

    [DoesNotReturn]
    public static void SeveralOutputs(int outputs) => throw new InvalidOperationException(
        $"the model has {outputs} outputs a row; use the overload that takes a span of outputs");

    [DoesNotReturn]
    public static void OutOfRange(string name, object value, string range) => throw new ArgumentOutOfRangeException(
        name, value, $"{name} is {value}; allowed: {range}");

    [DoesNotReturn]
    public static void NotSupported(string what) => throw new NotSupportedException(what);

    /// <summary>The value, when it is within a range.</summary>
    public static int Outside(int value, int lowest, int highest, string name)
    {
        if (value < lowest || value > highest)
        {
            OutOfRange(name, value, $"{lowest} to {highest}");
        }

        return value;
    }
}
