namespace Fettle.MarketData;

/// <summary>One daily bar of one stock.</summary>
/// <param name="Code">The stock's code.</param>
/// <param name="Day">The trading day as <see cref="DateOnly.DayNumber"/>.</param>
/// <param name="Open">First price.</param>
/// <param name="High">Highest price.</param>
/// <param name="Low">Lowest price.</param>
/// <param name="Close">Last price.</param>
/// <param name="Volume">Traded quantity.</param>
public readonly record struct StockBar(string Code, int Day, double Open, double High, double Low, double Close, double Volume);
