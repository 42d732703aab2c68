using Fettle.Services.Stocks.Http;

namespace Fettle.Services.Stocks.Features;

/// <summary>The features of one stock on one date. Immutable once made: it is shared by caches.</summary>
internal sealed record FeatureSet(StockIdentity Stock, double[] Values)
{
    byte[]? _json;

    /// <summary>
    /// The values as an object of JSON once somebody has written them, about 900 bytes: writing 25 doubles takes longer than all else of an answer
    /// from memory. Null before. Whoever writes them at the same time writes the same.
    /// </summary>
    public byte[]? KnownJson() => Volatile.Read(ref _json);

    public void KeepJson(byte[] json) => Volatile.Write(ref _json, json);
}

/// <summary>Features or the reason why there are none.</summary>
internal readonly record struct FeatureOutcome(FeatureSet? Features, StockProblem? Problem, bool FromCache = false)
{
    public static FeatureOutcome Of(StockHistory history, DateOnly date)
    {
        var values = new double[FeatureNames.Count];
        return FeatureCalculator.TryCompute(history, date, values)
            ? new FeatureOutcome(new FeatureSet(history.Stock, values), null)
            : TooFewBars(history.Stock, date, history.BarsUpTo(date.DayNumber));
    }

    public static FeatureOutcome TooFewBars(StockIdentity stock, DateOnly date, int bars) =>
        new(null, StockProblem.NotEnoughHistory(stock.BseCode, Schema.DatabaseValues.Iso(date), bars, FeatureCalculator.LeastBars));
}
