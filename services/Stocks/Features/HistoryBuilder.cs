namespace Fettle.Services.Stocks.Features;

/// <summary>Collects the rows of one stock in whatever order they come and puts them into date order.</summary>
internal sealed class HistoryBuilder(StockIdentity stock)
{
    readonly List<int> _days = [];
    readonly List<double> _closes = [];
    readonly List<double> _volumes = [];
    readonly List<QuarterResult> _quarters = [];
    readonly List<NewsItem> _news = [];
    readonly List<int> _announcements = [];

    public void Bar(int day, double close, double volume)
    {
        _days.Add(day);
        _closes.Add(close);
        _volumes.Add(volume);
    }

    public void Quarter(QuarterResult quarter) => _quarters.Add(quarter);

    public void News(NewsItem item) => _news.Add(item);

    public void Announcement(int day) => _announcements.Add(day);

    public StockHistory Build()
    {
        var (days, closes, volumes) = ((int[])[.. _days], (double[])[.. _closes], (double[])[.. _volumes]);
        if (!IsAscending(days))
        {
            var order = Enumerable.Range(0, days.Length).OrderBy(i => days[i]).ToArray();
            closes = Array.ConvertAll(order, i => closes[i]);
            volumes = Array.ConvertAll(order, i => volumes[i]);
            days = Array.ConvertAll(order, i => days[i]);
        }

        // Order by is stable: equal keys keep the order of their ids on every path.
        return new StockHistory
        {
            Stock = stock,
            Days = days,
            Closes = closes,
            Volumes = volumes,
            Quarters = [.. _quarters.OrderBy(q => q.Index)],
            News = [.. _news.OrderBy(n => n.Ticks)],
            Announcements = [.. _announcements.Order()],
        };
    }

    static bool IsAscending(int[] days)
    {
        for (var i = 1; i < days.Length; i++)
        {
            if (days[i] <= days[i - 1])
            {
                return false;
            }
        }

        return true;
    }
}
