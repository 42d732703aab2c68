namespace Fettle.Services.Stocks.Features;

/// <summary>Tone and number of news items in windows of whole days that end with the date.</summary>
internal static class NewsFeatures
{
    /// <summary>Days before the end of the date that any window reaches back: one week and the eight before it.</summary>
    public const int ReachDays = 63;

    public static (DateTime From, DateTime To) Window(DateOnly date)
    {
        var end = date.AddDays(1).ToDateTime(TimeOnly.MinValue);
        return (end.AddDays(-ReachDays), end);
    }

    /// <param name="features">Three values: mean of 30 days, mean of 7 days less mean of the 23 before, items of 7 days over weekly items before.</param>
    public static void Compute(ReadOnlySpan<NewsItem> news, DateOnly date, Span<double> features)
    {
        var (from, end) = Window(date);
        var week = end.AddDays(-7).Ticks;
        var month = end.AddDays(-30).Ticks;
        double sumMonth = 0, sumWeek = 0, sumBefore = 0;
        int inWeek = 0, inMonthBefore = 0, inWeeksBefore = 0;
        for (var i = First(news, from.Ticks); i < news.Length && news[i].Ticks < end.Ticks; i++)
        {
            var (ticks, score) = news[i];
            if (ticks >= month)
            {
                sumMonth += score;
            }

            if (ticks >= week)
            {
                sumWeek += score;
                inWeek++;
                continue;
            }

            inWeeksBefore++;
            if (ticks >= month)
            {
                sumBefore += score;
                inMonthBefore++;
            }
        }

        var inMonth = inWeek + inMonthBefore;
        features[0] = inMonth == 0 ? double.NaN : sumMonth / inMonth;
        features[1] = inWeek == 0 || inMonthBefore == 0 ? double.NaN : sumWeek / inWeek - sumBefore / inMonthBefore;
        features[2] = inWeeksBefore == 0 ? double.NaN : inWeek / (inWeeksBefore / 8.0);
    }

    static int First(ReadOnlySpan<NewsItem> news, long ticks)
    {
        var (low, high) = (0, news.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (news[middle].Ticks < ticks)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
