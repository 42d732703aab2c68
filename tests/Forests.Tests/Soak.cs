using System.Globalization;

namespace Fettle.Forests.Tests;

/// <summary>FETTLE_SOAK, in minutes: the long variants of tests run, too.</summary>
internal static class Soak
{
    public static double Minutes { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("FETTLE_SOAK"), CultureInfo.InvariantCulture, out var minutes) ? minutes : 0;

    public static bool IsOn => Minutes > 0;
}
