using Fettle.AspNetCore;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Models;

namespace Fettle.Services.Stocks.Serving;

/// <summary>The optimisations of the service. All are off by default; none changes an answer but the quantised forest, which says by how much.</summary>
internal sealed class StockSwitches
{
    static readonly string[] Loading = ["db"];
    static readonly string[] Computing = ["db", "features"];
    static readonly string[] Walking = ["model"];

    public StockSwitches(SwitchRegistry registry, Database database, FeaturePanel panel, PackedPrices packed)
    {
        ConnectionPooling = registry.Add(
            new SwitchDefinition("connection-pooling", "database", "Keeps connections and prepared statements between requests.") { Saves = Loading },
            on => database.Pooling = on);
        BatchedLoading = registry.Add(
            new SwitchDefinition("batched-loading", "database", "Loads all stocks of a batch with a few statements instead of one by one.") { Saves = Loading });
        QueryCache = registry.Add(
            new SwitchDefinition("query-cache", "cache", "Keeps the rows of the statements about one stock for five minutes, or until a table they were read from changes.", SwitchRisk.Medium, NeedsWarmup: true) { Saves = Loading });
        FeatureCache = registry.Add(
            new SwitchDefinition("feature-cache", "cache", "Keeps the features of a stock and date until the data changes.", SwitchRisk.Medium, NeedsWarmup: true) { Saves = Computing });
        PredictionCache = registry.Add(
            new SwitchDefinition("prediction-cache", "cache", "Keeps predictions until the data or the model changes.", SwitchRisk.Medium, NeedsWarmup: true) { Saves = [.. Computing, .. Walking] });
        AutoTimeToLive = registry.Add(
            new SwitchDefinition("auto-ttl", "cache", "Lets the time that cached features and predictions live follow how often they change."));
        FeaturePanel = registry.Add(
            new SwitchDefinition("feature-panel", "features", "Keeps the whole market in memory, bars in columns.", SwitchRisk.Medium, NeedsWarmup: true) { Saves = Computing },
            panel.Want);
        PackedSeries = registry.Add(
            new SwitchDefinition("packed-series", "features", "Keeps a row per stock with all its bars, from which the panel and batch runs load.", NeedsWarmup: true),
            packed.Want);
        CompiledForest = registry.Add(
            new SwitchDefinition("compiled-forest", "inference", "Predicts with the fastest kernel that fits the model and the processor.", NeedsWarmup: true) { Saves = Walking });
        QuantisedForest = registry.Add(
            new SwitchDefinition("quantised-forest", "inference", "Predicts with leaves of 16 bits; explanations stay with the exact trees.", SwitchRisk.High, NeedsWarmup: true)
            {
                Saves = Walking, Tolerance = ServingModels.Tolerance,
            });
    }

    public Switch ConnectionPooling { get; }

    public Switch BatchedLoading { get; }

    public Switch QueryCache { get; }

    public Switch FeatureCache { get; }

    public Switch PredictionCache { get; }

    public Switch AutoTimeToLive { get; }

    public Switch FeaturePanel { get; }

    public Switch PackedSeries { get; }

    public Switch CompiledForest { get; }

    public Switch QuantisedForest { get; }
}
