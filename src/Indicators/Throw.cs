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

    [DoesNotReturn]
    public static void NeedsBars(Indicator indicator) => throw new InvalidOperationException(
        $"{indicator.Descriptor.Name} reads {indicator.Descriptor.Inputs}; append a Bar, not a close alone");

    public static void IfEmpty(IReadOnlyList<Indicator> indicators)
    {
        if (indicators.Count == 0)
        {
            throw new ArgumentException("a batch needs at least one indicator", nameof(indicators));
        }
    }

    public static void IfOutputsMismatch(IReadOnlyList<SeriesMatrix> outputs, int expected, BarMatrix bars)
    {
        if (outputs.Count != expected)
        {
            throw new ArgumentException($"{outputs.Count} output matrices for {expected} outputs; give one per output name", nameof(outputs));
        }

        foreach (var output in outputs)
        {
            IfShape(output, bars.Stocks, bars.Capacity);
        }
    }

    public static void IfShape(SeriesMatrix matrix, int rows, int columns)
    {
        if (matrix.Rows != rows || matrix.Columns != columns)
        {
            throw new ArgumentException($"an output matrix is {matrix.Rows} x {matrix.Columns}; {rows} x {columns} is needed");
        }
    }

    public static void IfCounts(ReadOnlySpan<int> counts, BarMatrix bars)
    {
        if (!counts.IsEmpty && counts.Length != bars.Stocks)
        {
            throw new ArgumentException($"{counts.Length} counts for {bars.Stocks} stocks; give one per stock, or none", nameof(counts));
        }

        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] < 0 || counts[i] > bars.Counts[i])
            {
                throw new ArgumentException($"count {counts[i]} of stock {i} is out of range: 0 to {bars.Counts[i]}", nameof(counts));
            }
        }
    }

    public static InvalidOperationException NoReference() => new("beta and correlation need BarMatrix.Reference; set it first");

    public static ArgumentException UnknownIndicator(string name) => new(
        $"indicator '{name}' is not known; known are {string.Join(", ", IndicatorCatalog.All.Select(e => e.Name))}", nameof(name));

    public static ArgumentException TooManyParameters(IndicatorDescriptor entry, int given) => new(
        $"{entry.Name} takes {entry.Parameters.Count} parameters ({string.Join(", ", entry.Parameters.Select(p => p.Name))}) and {given} are given");

    public static void IfNotWhole(double value, ParameterDescriptor parameter)
    {
        if (parameter.IsInteger && value != Math.Floor(value))
        {
            throw new ArgumentOutOfRangeException(parameter.Name, value, string.Create(CultureInfo.InvariantCulture, $"{parameter.Name} is {value}; only whole numbers are allowed"));
        }
    }
}
