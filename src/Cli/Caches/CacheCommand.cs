using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Caches;

/// <summary><c>fettle cache stats|warm|clear --url</c>: asks a running service over HTTP (docs/caching.md names the endpoints).</summary>
internal static class CacheCommand
{
    static readonly Option<string> Url = new("--url") { Description = "The service's admin address", DefaultValueFactory = _ => "http://127.0.0.1:8080", Recursive = true };
    static readonly Option<string?> Token = new("--token") { Description = "Admin token; default FETTLE_ADMIN_TOKEN", Recursive = true };

    public static Command Create()
    {
        var command = new Command("cache", "Statistics, warming and clearing of a running service's caches") { Url, Token };
        command.Subcommands.Add(Stats());
        command.Subcommands.Add(Warm());
        command.Subcommands.Add(Clear());
        return command;
    }

    static Command Stats()
    {
        var watch = new Option<bool>("--watch") { Description = "Repeat every two seconds until Ctrl-C" };
        var json = new Option<string?>("--json") { Description = "Also write the answer to this file" };
        var command = new Command("stats", "Hits, misses by reason, sizes and time saved of every category") { watch, json };
        command.SetAction(async (parse, cancellation) =>
        {
            using var service = CacheService.Open(parse.GetValue(Url)!, parse.GetValue(Token));
            do
            {
                var answer = await service.SendAsync(HttpMethod.Get, "/fettle/cache", cancellation);
                if (parse.GetValue(json) is { } file)
                {
                    await File.WriteAllTextAsync(file, answer.ToJsonString() + "\n", cancellation);
                }

                Console.Out.Write(CacheTable.Render(answer));
                if (parse.GetValue(watch))
                {
                    await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellation);
                }
            }
            while (parse.GetValue(watch));
            return ExitCode.Ok;
        });
        return command;
    }

    static Command Warm()
    {
        var mode = new Option<string>("--mode") { Description = "full, or a category", DefaultValueFactory = _ => "full" };
        var limit = new Option<int>("--limit") { Description = "Keys of each category at most", DefaultValueFactory = _ => 200 };
        var days = new Option<int>("--days") { Description = "Days of history that choose the keys", DefaultValueFactory = _ => 7 };
        var count = new Option<int>("--count") { Description = "Count the requests of this many seconds after it, at most 60, and show the hit rate, cold against warmed" };
        var command = new Command("warm", "Load what will be asked for before it is") { mode, limit, days, count };
        command.SetAction(async (parse, cancellation) =>
        {
            var seconds = parse.GetValue(count);
            if (seconds is < 0 or > 60)
            {
                throw new UserErrorException($"--count is {seconds}; allowed: 0 (do not count) to 60", ExitCode.Usage);
            }

            using var service = CacheService.Open(parse.GetValue(Url)!, parse.GetValue(Token));
            var query = string.Create(CultureInfo.InvariantCulture, $"mode={Uri.EscapeDataString(parse.GetValue(mode)!)}&limit={parse.GetValue(limit)}&days={parse.GetValue(days)}");
            var answer = await service.SendAsync(HttpMethod.Post, $"/fettle/cache/warm?{query}", cancellation);
            var errors = (int?)answer["errors"] ?? 0;
            Console.Out.WriteLine($"{(int?)answer["items"] ?? 0} keys warmed in {(double?)answer["seconds"] ?? 0:F2} s, {(long?)answer["bytes"] ?? 0} bytes, {errors} errors");
            if (errors > 0)
            {
                Console.Error.WriteLine($"first error: {(string?)answer["firstError"]}");
            }

            if (seconds > 0)
            {
                await ShowFirstMinuteAsync(service, TimeSpan.FromSeconds(seconds), cancellation);
            }

            return errors > 0 && (int?)answer["items"] is null or 0 ? ExitCode.Error : ExitCode.Ok;
        });
        return command;
    }

    static async Task ShowFirstMinuteAsync(CacheService service, TimeSpan time, CancellationToken cancellation)
    {
        Console.Error.WriteLine($"counting the requests of {time.TotalSeconds:F0} s");
        await Task.Delay(time, TimeProvider.System, cancellation);
        var statistics = await service.SendAsync(HttpMethod.Get, "/fettle/cache", cancellation);
        foreach (var category in statistics["categories"] as JsonArray ?? [])
        {
            if (category!["firstMinute"] is JsonObject counted)
            {
                Console.Out.WriteLine(CacheTable.FirstMinute((string)category["name"]!, counted));
            }
        }
    }

    static Command Clear()
    {
        var pattern = new Option<string?>("--pattern") { Description = "CATEGORY, or CATEGORY:GLOB of keys; default everything" };
        var command = new Command("clear", "Remove entries from both tiers of all nodes") { pattern };
        command.SetAction(async (parse, cancellation) =>
        {
            using var service = CacheService.Open(parse.GetValue(Url)!, parse.GetValue(Token));
            var query = parse.GetValue(pattern) is { } glob ? $"?pattern={Uri.EscapeDataString(glob)}" : "";
            await service.SendAsync(HttpMethod.Delete, $"/fettle/cache{query}", cancellation);
            Console.Out.WriteLine(parse.GetValue(pattern) is { } cleared ? $"cleared {cleared}" : "cleared everything");
            return ExitCode.Ok;
        });
        return command;
    }
}
