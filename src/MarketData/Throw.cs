using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fettle.MarketData;

/// <summary>Every error of the library, named by its reason.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void UnknownStock(string code) => throw new KeyNotFoundException($"the panel has no stock '{code}'");

    public static InvalidDataException DamagedSeries(string code, string why) => new(
        $"the packed series of stock '{code}' is damaged: {why}; rebuild the packed table");

    public static InvalidDataException DuplicateBar(string code, int day) => new(string.Create(CultureInfo.InvariantCulture,
        $"stock '{code}' has two bars on {DateOnly.FromDayNumber(day):yyyy-MM-dd}; remove one of them"));

    public static InvalidDataException BadDate(string code, string text) => new(
        $"a bar of stock '{code}' has the date '{text}'; expected yyyy-MM-dd");

    public static void IfTooMany(int stocks, int most)
    {
        if (stocks > most)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{stocks} stocks are asked for by name; allowed are up to {most}, load the whole panel instead"), nameof(stocks));
        }
    }

    public static void IfNotIdentifier(string name, string value)
    {
        if (value.Length == 0 || !value.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || char.IsAsciiDigit(value[0]))
        {
            throw new ArgumentException($"{name} is '{value}'; allowed are letters, digits and underscores, not beginning with a digit", name);
        }
    }
}
