using Fettle.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Predictions;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// What the service keeps in memory. The keys carry the versions of the data (and of the model) that a value was made from, so a write
/// or a new model makes exactly the values it affects unreachable; the time to live only frees their memory.
/// </summary>
internal sealed class StocksCaches : IAsyncDisposable
{
    public const string FeaturesName = "features";
    public const string PredictionsName = "predictions";

    readonly FettleCache _cache;

    public StocksCaches(TimeProvider time)
    {
        _cache = new FettleCache(new FettleCacheOptions { Time = time });
        Features = _cache.Category<FeatureSet?>(Options(FeaturesName, 50_000));
        Predictions = _cache.Category<Prediction?>(Options(PredictionsName, 50_000));
    }

    /// <summary>The cache of the categories, for statistics and clearing over the admin endpoints.</summary>
    public FettleCache Cache => _cache;

    public CacheCategory<FeatureSet?> Features { get; }

    public CacheCategory<Prediction?> Predictions { get; }

    public static string FeaturesKey(PredictQuery query, string dataStamp) =>
        $"{query.BseCode}|{query.NseSymbol}|{query.Date.DayNumber}|{dataStamp}";

    /// <summary>Explanations are kept with the prediction, so a prediction without one is another entry. The compiled form gives the same bits and shares it.</summary>
    public static string PredictionKey(PredictQuery query, string modelVersion, string dataStamp) =>
        $"{FeaturesKey(query, dataStamp)}|{modelVersion}|{(query.IncludeContributions ? 1 : 0)}";

    /// <summary>Empties the categories of a type; null when there is no such type.</summary>
    public async Task<Dictionary<string, CacheTierCounts>?> ClearAsync(string? type)
    {
        var categories = type switch
        {
            FeaturesName => [Features],
            PredictionsName => [Predictions],
            "queries" => (CacheCategory[])[],
            "all" => [Features, Predictions],
            _ => null,
        };
        if (categories is null)
        {
            return null;
        }

        var cleared = new Dictionary<string, CacheTierCounts>(StringComparer.Ordinal);
        foreach (var category in categories)
        {
            var count = category.Count;
            await category.ClearAsync();
            cleared.Add(category.Name, new CacheTierCounts(count, 0));
        }

        return cleared;
    }

    public ValueTask DisposeAsync() => _cache.DisposeAsync();

    /// <summary>"There is none" is not kept: a refusal is worked out again.</summary>
    static CategoryOptions Options(string name, int entries) => new(name)
    {
        TimeToLive = TimeSpan.FromHours(1),
        NegativeTimeToLive = TimeSpan.Zero,
        MaxEntries = entries,
        UseSecondTier = false,
    };
}
