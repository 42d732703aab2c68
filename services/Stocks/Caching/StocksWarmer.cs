using System.Globalization;
using System.Runtime.CompilerServices;
using Fettle.Caching;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// Warms features or predictions: first what was asked for most, for the data of today; then the stocks that announce within the days
/// before the last bar; then the largest.
/// </summary>
internal sealed class StocksWarmer(string category, Database database, StockSwitches switches, FeatureStore features, PredictionEngine engine) : ICacheWarmer
{
    public string Category => category;

    public async IAsyncEnumerable<string> KeysAsync(WarmRequest request, IReadOnlyList<string> popular, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in popular.Select(StocksCaches.WithoutVersions).OfType<string>().Where(seen.Add))
        {
            yield return key;
        }

        List<string> codes = [];
        DateOnly last;
        await using (var connection = await database.OpenReadAsync(cancellationToken))
        {
            await using (var newest = connection.Command($"SELECT MAX(date) FROM {StocksSchema.Prices}"))
            {
                var day = await newest.ExecuteScalarAsync(cancellationToken);
                if (day is null or DBNull)
                {
                    yield break;
                }

                last = day is DateTime time ? DateOnly.FromDateTime(time) : day is DateOnly date ? date
                    : DateOnly.Parse(Convert.ToString(day, CultureInfo.InvariantCulture)![..10], CultureInfo.InvariantCulture);
            }

            await using var choose = connection.Command(
                $"SELECT bse_code FROM {StocksSchema.Calendar} WHERE announce_on > @from AND announce_on <= @last ORDER BY announce_on DESC, bse_code",
                ("from", DatabaseValues.Of(database.Engine, last.AddDays(-request.Days))), ("last", DatabaseValues.Of(database.Engine, last)));
            await ReadAsync(choose, codes, cancellationToken);
            await using var largest = connection.Command($"SELECT bse_code FROM {StocksSchema.Stocks} ORDER BY market_cap_cr DESC, bse_code");
            await ReadAsync(largest, codes, cancellationToken);
        }

        foreach (var key in codes.Select(c => $"{c}||{last.DayNumber}").Where(seen.Add))
        {
            yield return key;
        }
    }

    public async ValueTask WarmAsync(string key, CancellationToken cancellationToken)
    {
        var cacheSwitch = category == StocksCaches.FeaturesName ? switches.FeatureCache : switches.PredictionCache;
        if (!cacheSwitch.On)
        {
            throw new InvalidOperationException($"the switch {cacheSwitch.Definition.Name} is off: turn it on, then warm");
        }

        var parts = key.Split('|');
        var query = new PredictQuery(
            parts[0].Length == 0 ? null : parts[0], parts[1].Length == 0 ? null : parts[1],
            DateOnly.FromDayNumber(int.Parse(parts[2], CultureInfo.InvariantCulture)), false, parts is [_, _, _, "1"]);
        if (category == StocksCaches.FeaturesName)
        {
            await features.GetAsync(query, cancellationToken);
        }
        else if (engine.TakeModel().Model is { } model)
        {
            await engine.PredictAsync(model, query, cancellationToken);
        }
    }

    static async Task ReadAsync(System.Data.Common.DbCommand command, List<string> codes, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            codes.Add(reader.GetString(0));
        }
    }
}
