using Fettle.AspNetCore;
using Fettle.Caching;
using Fettle.Databases;
using Fettle.Services.Stocks.BatchRuns;
using Fettle.Services.Stocks.Browsing;
using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Health;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.Serving;

/// <summary>The program of the service.</summary>
internal static class StocksService
{
    /// <summary>Builds the service; the tables it writes are made when they are missing.</summary>
    public static async Task<WebApplication> BuildAsync(StocksOptions options, WebApplicationBuilder builder, CancellationToken cancellation = default)
    {
        var database = Database.Open(options.Database, new DatabaseOptions { Pooling = false, MaxConnections = options.PoolSize });
        await using (var connection = await database.OpenWriteAsync(cancellation))
        {
            await StocksSchema.CreateAsync(connection, database.Engine, cancellation);
            await StockVersions.CreateAsync(connection, cancellation);
        }

        builder.AddFettle(fettle =>
        {
            fettle.ServiceName = "stocks";
            fettle.SwitchesFile = options.SwitchesFile;
            fettle.AdminToken = options.AdminToken ?? fettle.AdminToken;
            fettle.Secrets.Add(Password(options.Redis));
            options.Configure?.Invoke(fettle);
        });
        var identity = options.Redis is null ? "" : "-" + await CacheIdentity.OfAsync(database, cancellation);
        builder.Services.AddFettleCache(cache => (cache.Redis, cache.Namespace) = (options.Redis, "stocks" + identity));
        builder.Services.AddAnswerCache(answers => (answers.TimeToLive, answers.MaxEntries) = (TimeSpan.FromSeconds(options.CacheSeconds), options.CacheEntries));
        AddServices(builder.Services, options, database);

        var app = builder.Build();
        app.UseFettle();
        app.Use(app.Services.GetRequiredService<RequestCounter>().InvokeAsync);
        app.MapFettle();
        var document = app.MapOpenApi();
        if (!options.OpenApiOpen)
        {
            document.RequireFettleAdmin();
        }

        PredictionEndpoints.Map(app);
        BrowseEndpoints.Map(app);
        BatchRunEndpoints.Map(app);
        ModelEndpoints.Map(app);
        CacheEndpoints.Map(app);
        HealthEndpoint.Map(app);

        app.Services.GetRequiredService<StockSwitches>();
        app.Services.GetRequiredService<StocksCaches>();
        app.Services.GetRequiredService<WarmingSwitch>();
        await app.Services.GetRequiredService<ModelMirror>().WriteAsync(cancellation);
        return app;
    }

    /// <summary>The password in the address of the second tier, which must not show in a log; empty without one.</summary>
    static string Password(string? redis) =>
        Uri.TryCreate(redis, UriKind.Absolute, out var address) && address.UserInfo.Split(':', 2) is [_, var password] ? Uri.UnescapeDataString(password) : "";

    static void AddServices(IServiceCollection services, StocksOptions options, Database database)
    {
        services.AddOpenApi();
        services.AddSingleton(_ => database);
        services.AddSingleton(new ServingModels(options.ModelsFolder));
        services.AddSingleton<ModelMirror>();
        services.AddSingleton<ModelMeasurement>();
        services.AddSingleton<StockSwitches>();
        services.AddSingleton(options);
        services.AddSingleton<StocksCaches>();
        services.AddSingleton<StockReads>();
        services.AddSingleton<StockVersions>();
        services.AddSingleton<PackedPrices>();
        services.AddSingleton<ICacheWarmer>(s => ActivatorUtilities.CreateInstance<StocksWarmer>(s, StocksCaches.FeaturesName));
        services.AddSingleton<ICacheWarmer>(s => ActivatorUtilities.CreateInstance<StocksWarmer>(s, StocksCaches.PredictionsName));
        services.AddSingleton<CacheWarming>();
        services.AddFettleWarming(
            new WarmingScheduleOptions { AtStart = options.Warm, PopularityPath = options.PopularityFile, Request = new WarmRequest { RatePerSecond = 1000 } },
            readyWhenWarm: options.Warm);
        services.AddSingleton<WarmingSwitch>();
        services.AddHostedService(s => s.GetRequiredService<WarmingSwitch>());
        services.AddSingleton<FeaturePanel>();
        services.AddSingleton<FeatureStore>();
        services.AddSingleton<PredictionEngine>();
        services.AddSingleton<StockCatalog>();
        services.AddSingleton<RequestCounter>();
        services.AddSingleton<IReadinessCheck, ModelReadiness>();
        services.AddSingleton<IReadinessCheck, DatabaseReadiness>();
        services.AddSingleton(s => new BatchRunner(database, options.RunsFolderOrDefault, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BatchRunTable>();
        services.AddSingleton<BatchRunWorker>();
        services.AddHostedService(s => s.GetRequiredService<BatchRunWorker>());
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, StocksJson.Default));
        ClientLimits.Add(services, options);
    }
}
