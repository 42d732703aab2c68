namespace Fettle.Services.Stocks.Features;

/// <summary>What the features of one stock are computed from, as views: a stock's own history or its row of the panel.</summary>
internal readonly ref struct FeatureInputs
{
    /// <summary>Day numbers of the bars, ascending, and what happened on them.</summary>
    public ReadOnlySpan<int> Days { get; init; }

    public ReadOnlySpan<double> Closes { get; init; }

    public ReadOnlySpan<double> Volumes { get; init; }

    /// <summary>In order of fiscal year and quarter.</summary>
    public ReadOnlySpan<QuarterResult> Quarters { get; init; }

    /// <summary>In order of publication.</summary>
    public ReadOnlySpan<NewsItem> News { get; init; }

    /// <summary>Day numbers of past and coming announcements, ascending.</summary>
    public ReadOnlySpan<int> Announcements { get; init; }
}
