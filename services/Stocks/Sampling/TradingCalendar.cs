namespace Fettle.Services.Stocks.Sampling;

/// <summary>Trading days of the generated exchange: weekdays without the fixed national holidays.</summary>
internal static class TradingCalendar
{
    public static bool IsTradingDay(DateOnly day) =>
        day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday)
        && (day.Month, day.Day) is not ((1, 26) or (5, 1) or (8, 15) or (10, 2) or (12, 25));

    /// <summary>The last <paramref name="count"/> trading days up to and including <paramref name="last"/>, ascending.</summary>
    public static DateOnly[] UpTo(DateOnly last, int count)
    {
        var days = new DateOnly[count];
        for (var day = last; count > 0; day = day.AddDays(-1))
        {
            if (IsTradingDay(day))
            {
                days[--count] = day;
            }
        }

        return days;
    }
}
