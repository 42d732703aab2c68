using System.Globalization;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary>Reads dates of the command line.</summary>
internal static class Dates
{
    public static DateOnly? ParseOption(string name, string? text)
    {
        if (text is null)
        {
            return null;
        }

        return DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw new UserErrorException($"{name} is '{text}'; write a date as yyyy-MM-dd, such as 2025-09-30", ExitCode.Usage);
    }
}
