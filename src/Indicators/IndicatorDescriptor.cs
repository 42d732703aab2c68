namespace Fettle.Indicators;

/// <summary>What an indicator is called, reads, takes and writes; feeds the catalogue, command line and dashboards.</summary>
/// <param name="Name">Short lower-case name, unique in the catalogue: <c>rsi</c>.</param>
/// <param name="Title">The name that people use.</param>
/// <param name="Inputs">The columns it reads.</param>
/// <param name="Parameters">In the order in which the catalogue takes them.</param>
/// <param name="Outputs">Names of the outputs, in order; one to four.</param>
/// <param name="Create">Makes the indicator from parameter values in the order of <paramref name="Parameters"/>.</param>
public sealed record IndicatorDescriptor(
    string Name,
    string Title,
    BarFields Inputs,
    IReadOnlyList<ParameterDescriptor> Parameters,
    IReadOnlyList<string> Outputs,
    Func<IReadOnlyList<double>, Indicator> Create);

/// <summary>A parameter of an indicator; a named convention is a parameter with <see cref="Choices"/>.</summary>
/// <param name="Name">As in the constructor.</param>
/// <param name="Default">Used when nothing is given.</param>
/// <param name="Minimum">Smallest allowed value.</param>
/// <param name="Maximum">Largest allowed value.</param>
public sealed record ParameterDescriptor(string Name, double Default, double Minimum, double Maximum)
{
    /// <summary>Names of the values 0, 1, … of a convention; empty for numbers.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether only whole numbers are allowed.</summary>
    public bool IsInteger { get; init; } = true;

    internal static ParameterDescriptor Period(int defaultValue, int minimum = 2, string name = "period") => new(name, defaultValue, minimum, 100_000);

    internal static ParameterDescriptor Convention<T>(T defaultValue, string name = "convention")
        where T : struct, Enum =>
        new(name, Convert.ToInt32(defaultValue, System.Globalization.CultureInfo.InvariantCulture), 0, Enum.GetValues<T>().Length - 1) { Choices = Enum.GetNames<T>() };

    internal int Checked(int value)
    {
        Throw.IfOutOfRange(value, this);
        return value;
    }

    internal double Checked(double value)
    {
        Throw.IfOutOfRange(value, this);
        return value;
    }

    internal T Checked<T>(T value)
        where T : struct, Enum
    {
        Throw.IfOutOfRange(Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture), this);
        return value;
    }
}
