namespace Fettle.Caching;

/// <summary>What the usual categories of data services need; start from one and change what differs.</summary>
public static class CategoryDefaults
{
    static readonly Dictionary<string, (TimeSpan TimeToLive, int Entries)> Known = new(StringComparer.Ordinal)
    {
        ["features"] = (TimeSpan.FromMinutes(5), 1000),
        ["predictions"] = (TimeSpan.FromHours(1), 1000),
        ["queries"] = (TimeSpan.FromMinutes(5), 1000),
        ["catalogue"] = (TimeSpan.FromHours(1), 1000),
        ["profiles"] = (TimeSpan.FromHours(24), 1000),
        ["usage-analysis"] = (TimeSpan.FromDays(7), 1000),
        ["responses"] = (TimeSpan.FromMinutes(5), 1000),
        ["events"] = (TimeSpan.FromSeconds(60), 500),
        ["search"] = (TimeSpan.FromSeconds(30), 200),
        ["graph"] = (TimeSpan.FromSeconds(120), 100),
        ["recommendations"] = (TimeSpan.FromHours(24), 1000),
        ["strategy"] = (TimeSpan.FromMinutes(5), 1000),
        ["user"] = (TimeSpan.FromMinutes(5), 1000),
        ["gates"] = (TimeSpan.FromMinutes(5), 1000),
        ["backtest"] = (TimeSpan.FromMinutes(10), 1000),
        ["validation"] = (TimeSpan.FromMinutes(10), 1000),
    };

    /// <summary>The names that <see cref="For"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>Options with the time to live and the entries that the category usually has; other names get the library's defaults.</summary>
    /// <param name="name">The category's name.</param>
    public static CategoryOptions For(string name) => Known.TryGetValue(name, out var known)
        ? new CategoryOptions(name) { TimeToLive = known.TimeToLive, MaxEntries = known.Entries }
        : new CategoryOptions(name);
}
