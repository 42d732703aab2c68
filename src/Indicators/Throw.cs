using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fettle.Indicators;

/// <summary>Every error of the library, named by its reason.</summary>
internal static class Throw
{
    public static void IfOutOfRange(double value, ParameterDescriptor parameter)
    {
        if (!(value >= parameter.Minimum && value <= parameter.Maximum))
        {
            OutOfRange(value, parameter);
        }
    }

    [DoesNotReturn]
    static void OutOfRange(double value, ParameterDescriptor parameter) => throw new ArgumentOutOfRangeException(
        parameter.Name, value, string.Create(CultureInfo.InvariantCulture,
            $"{parameter.Name} is {value}; allowed are {parameter.Minimum} to {parameter.Maximum} (default {parameter.Default})"));

    [DoesNotReturn]
    public static void ColumnLength(string name, int length, int expected) => throw new ArgumentException(
        $"column {name} has {length} bars, the others have {expected}; give columns of equal length");

    public static void IfNotLess(string name, int value, string other, int bound)
    {
        if (value >= bound)
        {
            throw new ArgumentException($"{name} is {value} and {other} is {bound}; {name} must be less than {other}", name);
        }
    }

    [DoesNotReturn]
    public static void OutputLength(string name, int length, int expected) => throw new ArgumentException(
        $"output {name} has room for {length} values and the series has {expected} bars; give {expected}, or an empty span if the output is not wanted");
}
