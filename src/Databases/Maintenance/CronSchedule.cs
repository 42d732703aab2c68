using System.Globalization;

namespace Fettle.Databases;

/// <summary>
/// A schedule in cron's five fields: minute 0–59, hour 0–23, day of month 1–31, month 1–12, day of week 0–7 (0 and 7 are Sunday); each a
/// <c>*</c>, numbers, ranges <c>a-b</c>, steps <c>/n</c>, joined by commas. As in cron, a day counts when either day field names it, where both
/// are restricted.
/// </summary>
public sealed class CronSchedule
{
    static readonly (string Name, int Low, int High)[] Fields = [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7)];
    readonly bool[][] _allowed;
    readonly bool _anyDay;
    readonly bool _anyWeekday;
    readonly string _text;

    CronSchedule(string text, bool[][] allowed, bool anyDay, bool anyWeekday)
    {
        _text = text;
        _allowed = allowed;
        _anyDay = anyDay;
        _anyWeekday = anyWeekday;
    }

    /// <summary>Sundays at three in the morning.</summary>
    public static CronSchedule Weekly { get; } = Parse("0 3 * * 0");

    /// <summary>Reads a schedule; <c>weekly</c> is <see cref="Weekly"/>.</summary>
    /// <exception cref="FormatException">A field is missing, or out of its range.</exception>
    public static CronSchedule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim().Equals("weekly", StringComparison.OrdinalIgnoreCase))
        {
            return Weekly;
        }

        var parts = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != Fields.Length)
        {
            throw new FormatException($"the schedule '{text}' has {parts.Length} fields; it must have five: minute, hour, day of month, month, day of week; for instance '0 3 * * 0'");
        }

        var allowed = parts.Select((part, i) => Field(part, Fields[i])).ToArray();
        allowed[4][0] |= allowed[4][7];
        return new CronSchedule(text, allowed, parts[2][0] == '*', parts[4][0] == '*');
    }

    /// <summary>The first moment of the schedule after another, to the minute, in that moment's offset; null when none comes within five years (31 February).</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var at = new DateTimeOffset(after.Year, after.Month, after.Day, after.Hour, after.Minute, 0, after.Offset).AddMinutes(1);
        var end = at.AddYears(5);
        while (at < end)
        {
            if (!_allowed[3][at.Month] || !IsDay(at))
            {
                at = new DateTimeOffset(at.Date, at.Offset).AddDays(1);
            }
            else if (!_allowed[1][at.Hour])
            {
                at = new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, 0, 0, at.Offset).AddHours(1);
            }
            else if (!_allowed[0][at.Minute])
            {
                at = at.AddMinutes(1);
            }
            else
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>The schedule as it was written.</summary>
    public override string ToString() => _text;

    bool IsDay(DateTimeOffset at)
    {
        var (day, weekday) = (_allowed[2][at.Day], _allowed[4][(int)at.DayOfWeek]);
        return _anyDay || _anyWeekday ? day && weekday : day || weekday;
    }

    static bool[] Field(string text, (string Name, int Low, int High) field)
    {
        var allowed = new bool[field.High + 1];
        foreach (var part in text.Split(','))
        {
            var (range, step) = part.IndexOf('/') is var slash and >= 0 ? (part[..slash], Number(part[(slash + 1)..], text, field, 1)) : (part, 1);
            var (low, high) = range == "*" ? (field.Low, field.High)
                : range.IndexOf('-') is var dash and > 0 ? (Number(range[..dash], text, field, field.Low), Number(range[(dash + 1)..], text, field, field.Low))
                : (Number(range, text, field, field.Low), step > 1 ? field.High : Number(range, text, field, field.Low));
            if (low > high)
            {
                throw new FormatException($"{field.Name} '{text}' runs backwards; write the smaller number first");
            }

            for (var i = low; i <= high; i += step)
            {
                allowed[i] = true;
            }
        }

        return allowed;
    }

    static int Number(string text, string all, (string Name, int Low, int High) field, int low) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= low && number <= field.High
            ? number
            : throw new FormatException($"{field.Name} '{all}' must be made of numbers between {field.Low} and {field.High}, '*', 'a-b', '/n' and commas");
}
