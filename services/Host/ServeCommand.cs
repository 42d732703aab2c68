using System.CommandLine;
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
        var database = new Option<string>("--database") { Description = "sqlite:FILE or postgres:CONNECTION.", DefaultValueFactory = _ => "sqlite:stocks.db" };
        var urls = new Option<string>("--urls") { Description = "Addresses to listen on, joined by ';'; port 0 takes a free one.", DefaultValueFactory = _ => "http://127.0.0.1:5000" };
        var models = new Option<string?>("--models") { Description = "Folder of model versions; default the one built with the service." };
        var runs = new Option<string?>("--runs") { Description = "Folder of the CSV files of batch runs." };
        var switches = new Option<string?>("--switches") { Description = "A fettle.switches/1 file: what is on from the start." };
        var redis = new Option<string?>("--redis") { Description = "redis://[user:password@]host[:port][/database]: the second tier of the cache, shared by all instances; default FETTLE_REDIS, else none." };
        var warm = new Option<bool>("--warm") { Description = "Warm the caches at the start; the service is ready when that is done." };
        var popularity = new Option<string?>("--popularity") { Description = "File that keeps the keys asked for most across restarts." };
        var cacheEntries = new Option<int>("--cache-entries") { Description = "Entries of each cache category in memory.", DefaultValueFactory = _ => 50_000 };
        var limitLoopback = new Option<bool>("--limit-loopback") { Description = "Rate limits hold for loopback clients too." };
        var single = new Option<int>("--single-rate") { Description = "Predict requests per second and client.", DefaultValueFactory = _ => 100 };
        var batch = new Option<int>("--batch-rate") { Description = "Batch requests per second and client.", DefaultValueFactory = _ => 10 };
        var command = new Command("stocks", "Predicts upper circuits after earnings announcements.") { database, urls, models, runs, switches, redis, cacheEntries, warm, popularity, limitLoopback, single, batch };
        command.SetAction(async (parse, cancellation) =>
        {
            var defaults = new StocksOptions { Database = DatabaseTargets.ParseExisting(parse.GetValue(database)!) };
            var options = UserErrors.FromSettings(() => defaults with
            {
                ModelsFolder = parse.GetValue(models) ?? defaults.ModelsFolder,
                RunsFolder = parse.GetValue(runs),
                SwitchesFile = parse.GetValue(switches),
                Redis = parse.GetValue(redis) ?? Environment.GetEnvironmentVariable("FETTLE_REDIS"),
                Warm = parse.GetValue(warm),
                PopularityFile = parse.GetValue(popularity),
                CacheEntries = parse.GetValue(cacheEntries),
                LimitLoopback = parse.GetValue(limitLoopback),
                SinglePerSecond = parse.GetValue(single),
                BatchPerSecond = parse.GetValue(batch),
            });
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls(parse.GetValue(urls)!);
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
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
}
