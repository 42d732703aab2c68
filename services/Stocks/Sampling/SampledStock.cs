namespace Fettle.Services.Stocks.Sampling;

/// <summary>Everything that is written about one stock.</summary>
internal sealed class SampledStock
{
    public required StockProfile Profile { get; init; }

    public required List<SampledBar> Bars { get; init; }

    public required List<SampledQuarter> Quarters { get; init; }

    public required List<SampledNews> News { get; init; }

    public required List<DateOnly> Announcements { get; init; }

    public required List<Labels.CircuitLabel> Labels { get; init; }
}

/// <summary>Who the stock is and how it behaves.</summary>
internal sealed record StockProfile(
    string BseCode, string? NseSymbol, string CompanyName, string Isin, int IndustryCode, double MarketCapCr, string Status)
{
    public string Industry => Industries.Names[IndustryCode];

    /// <summary>1 large, 2 mid, 3 small, 4 micro.</summary>
    public int MarketCapTier => Features.StaticFeatures.Tier(MarketCapCr);
}

internal readonly record struct SampledBar(
    int Day, double Open, double High, double Low, double Close, long Volume, double PrevClose, double CircuitLimit, bool HitUpper, bool HitLower);

internal readonly record struct SampledQuarter(
    int Quarter, int Year, DateOnly AnnouncedOn, double RevenueCr, double PatCr, double Eps, double Opm, double Npm,
    double EquityCr, double DebtCr, double CurrentAssetsCr, double CurrentLiabilitiesCr);

internal readonly record struct SampledNews(DateTime PublishedAt, double Score);

/// <summary>The sectors of the exchange's industry classification.</summary>
internal static class Industries
{
    public static readonly string[] Names =
    [
        "Automobile and Auto Components", "Capital Goods", "Chemicals", "Construction", "Construction Materials", "Consumer Durables",
        "Consumer Services", "Diversified", "Fast Moving Consumer Goods", "Financial Services", "Forest Materials", "Healthcare",
        "Information Technology", "Media Entertainment & Publication", "Metals & Mining", "Oil Gas & Consumable Fuels", "Power", "Realty",
        "Services", "Telecommunication", "Textiles", "Utilities",
    ];

    /// <summary>The position of a sector, or −1 for one that is not in the list.</summary>
    public static int CodeOf(string? name) => Array.IndexOf(Names, name);
}
