using System.CommandLine;
using Fettle.AspNetCore;
using Fettle.Services.Host.Configuration;
using Fettle.Services.Stocks.Serving;
using Fettle.Shared.Verbs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Host;

/// <summary><c>fettle serve stocks</c>: runs the service until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Run a reference service.");
        command.Subcommands.Add(CreateStocks());
        return command;
    }

    static Command CreateStocks()
    {
        var command = new Command("stocks", "Predicts upper circuits after earnings announcements; 'fettle config show stocks' lists every setting.");
        var settings = new SettingOptions();
        settings.AddTo(command);
        command.SetAction(async (parse, cancellation) =>
        {
            var effective = settings.Read(parse);
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls(effective.Text("server:urls"));
            builder.Logging.SetMinimumLevel(Enum.Parse<LogLevel>(effective.Text("log:level"), ignoreCase: true));
            builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

            // While it may log anything, the host makes an activity and a scope for every request; a caller's trace is gone on with without it.
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
            var options = UserErrors.FromSettings(() => Options(effective));
            await using var app = await UserErrors.FromDataAsync(() => StocksService.BuildAsync(options, builder, cancellation));
            await UserErrors.FromDataAsync(async () =>
            {
                await app.StartAsync(cancellation);
                return true;
            });
            foreach (var url in app.Urls)
            {
                Console.Error.WriteLine($"listening on {url}");
            }

            await app.WaitForShutdownAsync(cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    static StocksOptions Options(EffectiveSettings settings)
    {
        var defaults = new StocksOptions { Database = DatabaseTargets.ParseExisting(settings.Text("database:address")) };
        return defaults with
        {
            ModelsFolder = settings.Find("stocks:models") ?? defaults.ModelsFolder,
            RunsFolder = settings.Find("stocks:runs"),
            SwitchesFile = settings.Find("server:switches"),
            Redis = settings.Find("cache:redis"),
            Warm = settings.Is("cache:warm"),
            PopularityFile = settings.Find("cache:popularity"),
            CacheEntries = settings.Number("cache:entries"),
            CacheSeconds = settings.Number("cache:seconds"),
            PoolSize = settings.Number("database:max-connections"),
            LimitLoopback = settings.Is("limits:loopback"),
            SinglePerSecond = settings.Number("limits:single-rate"),
            BatchPerSecond = settings.Number("limits:batch-rate"),
            OpenApiOpen = settings.Is("endpoints:openapi", "open"),
            AdminToken = settings.Find("admin:token"),
            Configure = fettle => Configure(fettle, settings),
        };
    }

    static void Configure(FettleOptions fettle, EffectiveSettings settings)
    {
        fettle.EnsureFile = settings.Find("database:ensure");
        fettle.MaintenanceSchedule = settings.Find("database:maintenance");
        fettle.AdminRequestsPerSecond = settings.Number("admin:rate");
        fettle.MaxRequestBytes = settings.Number("limits:body-bytes");
        fettle.RequestTimeout = TimeSpan.FromSeconds(settings.Number("limits:request-seconds"));
        fettle.HeadersTimeout = TimeSpan.FromSeconds(settings.Number("limits:headers-seconds"));
        fettle.DrainDelay = TimeSpan.FromSeconds(settings.Number("server:drain-seconds"));
        fettle.OpenMetrics = settings.Is("endpoints:metrics", "open");
        fettle.CollectMetrics = !settings.Is("endpoints:metrics", "off");
    }
}
