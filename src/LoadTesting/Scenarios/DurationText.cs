using System.Globalization;
using System.Text.RegularExpressions;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Durations as people write them: <c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>1h30m</c>; a bare number is seconds.</summary>
public static partial class DurationText
{
    /// <summary>Parses a duration that is not negative.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bare))
        {
            duration = bare < 1e9 ? TimeSpan.FromSeconds(bare) : TimeSpan.Zero;
            return bare < 1e9;
        }

        var match = Pattern().Match(text);
        if (!match.Success || match.Length == 0)
        {
            return false;
        }

        var seconds = 0.0;
        for (var i = 0; i < match.Groups[1].Captures.Count; i++)
        {
            seconds += double.Parse(match.Groups[2].Captures[i].Value, CultureInfo.InvariantCulture)
                * match.Groups[3].Captures[i].Value switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => 86400 };
        }

        duration = seconds < 1e9 ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        return seconds < 1e9;
    }

    /// <summary>Writes a duration in the shortest of those forms.</summary>
    public static string Write(TimeSpan duration) => duration.TotalSeconds switch
    {
        0 => "0s",
        < 1 => $"{duration.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture)}ms",
        >= 3600 when duration.TotalHours % 1 == 0 => $"{duration.TotalHours.ToString("0", CultureInfo.InvariantCulture)}h",
        >= 60 when duration.TotalMinutes % 1 == 0 => $"{duration.TotalMinutes.ToString("0", CultureInfo.InvariantCulture)}m",
        _ => $"{duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s",
    };

    [GeneratedRegex(@"^((\d+(?:\.\d+)?)(ms|s|m|h|d))+$")]
    private static partial Regex Pattern();
}
