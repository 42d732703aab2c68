using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Fettle.Services.Stocks;

/// <summary>Every refusal of a setting in one voice: name, value, allowed range, fix.</summary>
internal static class Throw
{
    public static T IfOutside<T>(string name, T value, T least, T most, string fix) where T : INumber<T>
    {
        if (value < least || value > most)
        {
            Outside(name, value.ToString(null, CultureInfo.InvariantCulture), $"{least}–{most}", fix);
        }

        return value;
    }

    [DoesNotReturn]
    public static void Outside(string name, string value, string range, string fix) =>
        throw new ArgumentOutOfRangeException(name, $"{name} is {value}; allowed is {range}. {fix}");

    [DoesNotReturn]
    public static void BadData(string message) => throw new InvalidDataException(message);
}
