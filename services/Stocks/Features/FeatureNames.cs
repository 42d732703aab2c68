namespace Fettle.Services.Stocks.Features;

/// <summary>The 25 features in the order in which models take them.</summary>
internal static class FeatureNames
{
    public const int Count = 25;

    public static readonly string[] All =
    [
        "rsi_14", "macd_line", "macd_signal", "macd_histogram", "bb_upper", "bb_middle", "bb_lower", "bb_percent_b",
        "volume_ratio", "volume_spike", "momentum_5d", "momentum_10d", "momentum_30d",
        "revenue_growth_yoy", "npm_trend", "roe_latest", "debt_to_equity_latest", "current_ratio_latest", "revenue_surprise",
        "sentiment_score_avg", "sentiment_trend_7d", "news_volume_spike",
        "earnings_return_mean", "earnings_return_volatility", "days_to_earnings",
    ];
}
