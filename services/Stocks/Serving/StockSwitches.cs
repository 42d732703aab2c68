using Fettle.AspNetCore;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;

namespace Fettle.Services.Stocks.Serving;

/// <summary>The optimisations of the service. All are off by default; none changes an answer.</summary>
internal sealed class StockSwitches
{
    public StockSwitches(SwitchRegistry registry, Database database, FeaturePanel panel, PackedPrices packed)
    {
        ConnectionPooling = registry.Add(
            new SwitchDefinition("connection-pooling", "database", "Keeps connections and prepared statements between requests."),
            on => database.Pooling = on);
        BatchedLoading = registry.Add(
            new SwitchDefinition("batched-loading", "database", "Loads all stocks of a batch with a few statements instead of one by one."));
        FeatureCache = registry.Add(
            new SwitchDefinition("feature-cache", "cache", "Keeps the features of a stock and date until the data changes.", SwitchRisk.Medium, NeedsWarmup: true));
        PredictionCache = registry.Add(
            new SwitchDefinition("prediction-cache", "cache", "Keeps predictions until the data or the model changes.", SwitchRisk.Medium, NeedsWarmup: true));
        AutoTimeToLive = registry.Add(
            new SwitchDefinition("auto-ttl", "cache", "Lets the time that cached features and predictions live follow how often they change."));
        FeaturePanel = registry.Add(
            new SwitchDefinition("feature-panel", "features", "Keeps the whole market in memory, bars in columns.", SwitchRisk.Medium, NeedsWarmup: true),
            panel.Want);
        PackedSeries = registry.Add(
            new SwitchDefinition("packed-series", "features", "Keeps a row per stock with all its bars, from which the panel and batch runs load.", NeedsWarmup: true),
            packed.Want);
        CompiledForest = registry.Add(
            new SwitchDefinition("compiled-forest", "inference", "Predicts with the fastest kernel that fits the model and the processor.", NeedsWarmup: true));
    }

    public Switch ConnectionPooling { get; }

    public Switch BatchedLoading { get; }

    public Switch FeatureCache { get; }

    public Switch PredictionCache { get; }

    public Switch AutoTimeToLive { get; }

    public Switch FeaturePanel { get; }

    public Switch PackedSeries { get; }

    public Switch CompiledForest { get; }
}
