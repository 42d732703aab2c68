namespace Fettle.Services.Stocks.Sampling;

/// <summary>What universe to write. The same options give the same content, row by row.</summary>
internal sealed record SampleOptions
{
    /// <summary>Number of stocks, 1–14,000; default 11,000.</summary>
    public int Stocks
    {
        get;
        set => field = Throw.IfOutside(nameof(Stocks), value, 1, 14_000, "Give --stocks a number in the range.");
    } = 11_000;

    /// <summary>Trading bars of a stock listed from the start, 40–5,000; default 365.</summary>
    public int Days
    {
        get;
        set => field = Throw.IfOutside(nameof(Days), value, 40, 5_000, "Give --days a number in the range.");
    } = 365;

    /// <summary>Seed of every random draw; default 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>The last trading day; default 2025-09-30.</summary>
    public DateOnly LastDay { get; set; } = new(2025, 9, 30);

    /// <summary>Quarters of financials: 13, or more when the bars reach further back than that.</summary>
    public int Quarters => Math.Max(13, 7 + (int)Math.Ceiling(Days / 62.5));
}
