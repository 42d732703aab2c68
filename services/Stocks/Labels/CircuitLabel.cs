namespace Fettle.Services.Stocks.Labels;

/// <summary>What happened on the trading day after an announcement.</summary>
internal readonly record struct CircuitLabel(DateOnly EarningsDate, DateOnly NextDay, double PriceChangePct, bool HitCircuit)
{
    public int Label => HitCircuit && PriceChangePct >= LabelRule.LeastRisePct ? 1 : 0;
}

/// <summary>
/// The label: on the next trading day after an announcement, at most five calendar days on, the close is at least 5 % over the
/// previous close and the upper circuit was hit, by the exchange's flag or by a close within 1 % of the limit.
/// </summary>
internal static class LabelRule
{
    public const int LookAheadDays = 5;
    public const double LeastRisePct = 5;
    public const double NearLimit = 0.99;

    /// <summary>The label of a bar, or null when the bar is too late, has no previous close, or is not after the announcement.</summary>
    /// <param name="prevClose">Close of the bar before; NaN when unknown.</param>
    /// <param name="circuitLimit">Highest price of the day; NaN when unknown.</param>
    public static CircuitLabel? Of(DateOnly announced, DateOnly day, double close, double prevClose, double circuitLimit, bool hitUpper)
    {
        if (day <= announced || day > announced.AddDays(LookAheadDays) || !(prevClose > 0))
        {
            return null;
        }

        var hit = hitUpper || close >= NearLimit * circuitLimit;
        return new CircuitLabel(announced, day, 100 * (close - prevClose) / prevClose, hit);
    }
}
