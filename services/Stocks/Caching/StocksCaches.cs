using System.Globalization;
using Fettle.AspNetCore;
using Fettle.Caching;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// What the service keeps in memory. The keys carry the versions of the stock's data (and the checksum of the model) that a value was
/// made from, so a write or a new model makes exactly the values it affects unreachable; the time to live only frees their memory.
/// </summary>
internal sealed class StocksCaches
{
    public const string FeaturesName = "features";
    public const string PredictionsName = "predictions";
    const string QueriesName = "queries";
    const string AnswersName = "answers";

    /// <summary>Statements that load one stock.</summary>
    const int StatementsPerStock = 5;

    /// <summary>Rows of prices are many: half a year of a few ten thousand stocks.</summary>
    const long MostBytesOfQueries = 256 << 20;

    /// <summary>About what a row takes in memory, bytes: a bar has 24, a quarter 72.</summary>
    const int BytesPerRow = 48;

    /// <summary>Of usual keys; longer ones take a detour over the pool.</summary>
    const int MostCharacters = 256;

    readonly FettleCache _cache;
    readonly bool _hasSecondTier;

    public StocksCaches(FettleCache cache, StocksOptions options, StockSwitches switches, Database database)
    {
        _cache = cache;
        _hasSecondTier = options.Redis is not null;
        Features = _cache.Category(
            Options(FeaturesName, options, switches.AutoTimeToLive, (FeatureSet? set) => Print(set)),
            CacheSerializer.Json<FeatureSet?>(StocksCacheJson.Default.FeatureSet!));

        // Not the moment at which it was computed: that differs every time.
        Predictions = _cache.Category(
            Options(PredictionsName, options, switches.AutoTimeToLive, (Prediction? p) => HashCode.Combine(p?.Probability, Print(p?.Features))),
            CacheSerializer.Json<Prediction?>(StocksCacheJson.Default.Prediction!));
        Queries = new QueryCache<Array>(database, _cache, Statements(options));
    }

    /// <summary>The cache of the categories, for statistics and clearing over the admin endpoints.</summary>
    public FettleCache Cache => _cache;

    public CacheCategory<FeatureSet?> Features { get; }

    public CacheCategory<Prediction?> Predictions { get; }

    /// <summary>Rows of statements, as arrays of what a row is read into; memory only.</summary>
    public QueryCache<Array> Queries { get; }

    public static string FeaturesKey(PredictQuery query, string stamp) =>
        string.Create(CultureInfo.InvariantCulture, stackalloc char[MostCharacters], $"{query.BseCode}|{query.NseSymbol}|{query.Date.DayNumber}|{stamp}");

    /// <summary>Explanations are kept with the prediction, so a prediction without one is another entry. The compiled form gives the same bits and shares it, the quantised one has a key of its own.</summary>
    public static string PredictionKey(PredictQuery query, ServingModel model, string stamp) => string.Create(
        CultureInfo.InvariantCulture, stackalloc char[MostCharacters],
        $"{query.BseCode}|{query.NseSymbol}|{query.Date.DayNumber}|{stamp}|{model.Key}|{(query.IncludeContributions ? '1' : '0')}");

    /// <summary>What a key of either category asks for, without the versions it was made from; null when it is no such key.</summary>
    public static string? WithoutVersions(string key) => key.Split('|') switch
    {
        [var code, var symbol, var day, _] when int.TryParse(day, out _) => $"{code}|{symbol}|{day}",
        [var code, var symbol, var day, _, _, var explained] when int.TryParse(day, out _) => explained == "1" ? $"{code}|{symbol}|{day}|1" : $"{code}|{symbol}|{day}",
        _ => null,
    };

    /// <summary>Empties the categories of a type; null when there is no such type.</summary>
    public async Task<Dictionary<string, CacheTierCounts>?> ClearAsync(string? type)
    {
        var categories = type switch
        {
            FeaturesName => [Features],
            PredictionsName => [Predictions],
            QueriesName => (CacheCategory[])[Queries.Category],
            "all" => [Features, Predictions, Queries.Category],
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
            cleared.Add(category.Name, new CacheTierCounts(count, _hasSecondTier && category.Name != QueriesName ? null : 0));
        }

        // Answers hold predictions.
        if (categories.Contains(Predictions) && _cache.Find(AnswersName) is { Count: > 0 } answers)
        {
            var count = answers.Count;
            await answers.ClearAsync();
            cleared.Add(AnswersName, new CacheTierCounts(count, _hasSecondTier ? null : 0));
        }

        return cleared;
    }

    static int Print(FeatureSet? set)
    {
        var hash = default(HashCode);
        foreach (var value in set?.Values ?? [])
        {
            hash.Add(BitConverter.DoubleToInt64Bits(value));
        }

        return hash.ToHashCode();
    }

    /// <summary>"There is none" is no rows, which are kept like others: the next write to the table makes them unreachable.</summary>
    static CategoryOptions Statements(StocksOptions service)
    {
        var options = CategoryDefaults.For(QueriesName);
        var longest = TimeSpan.FromSeconds(service.CacheSeconds);
        options.TimeToLive = options.TimeToLive < longest ? options.TimeToLive : longest;
        options.MaxEntries = (int)Math.Min((long)StatementsPerStock * service.CacheEntries, 100_000_000);
        options.MaxBytes = MostBytesOfQueries;
        options.SizeOf = (Array rows) => 128 + (long)BytesPerRow * rows.Length;
        options.UseSecondTier = false;
        return options;
    }

    /// <summary>"There is none" is not kept: a refusal is worked out again.</summary>
    static CategoryOptions Options(string name, StocksOptions service, Switch auto, Delegate print)
    {
        var options = CategoryDefaults.For(name);
        var longest = TimeSpan.FromSeconds(service.CacheSeconds);
        options.TimeToLive = options.TimeToLive < longest ? options.TimeToLive : longest;
        options.NegativeTimeToLive = TimeSpan.Zero;
        options.MaxEntries = service.CacheEntries;
        options.Auto = new AutoTimeToLive { Floor = TimeSpan.FromSeconds(10), Ceiling = TimeSpan.FromHours(24), IsOn = () => auto.On, Print = print };
        return options;
    }
}
