using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Tuning;
using Fettle.Tuning.Targets;

namespace Fettle.Integration.Tests;

/// <summary>Launch settings read back from the process that was started with them: a variable that nobody reads would be measured in vain.</summary>
public sealed class LaunchSettingTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EverySettingOfStocks_IsInForceInTheChild()
    {
        var settings = TuningTarget.Stocks(new Launch { Program = "dotnet", Arguments = [] }, DatabaseAddress.Parse("sqlite:x.db")).LaunchSettings;
        settings.Select(s => s.Name).ShouldBe(["pool-size", "gc-server", "gc-not-concurrent", "thread-pool"]);

        var without = await ReadAsync([]);
        var with = await ReadAsync(settings.SelectMany(s => s.Environment));

        foreach (var (name, value) in new[] { ("database:max-connections", $"{2 * Environment.ProcessorCount + 1}"), ("runtime:gc-server", "true"), ("runtime:gc-concurrent", "false"), ("runtime:min-worker-threads", $"{16 * Environment.ProcessorCount}") })
        {
            with[name].ShouldBe(value, name);
            without[name].ShouldNotBe(value, name);
        }
    }

    async Task<Dictionary<string, string?>> ReadAsync(IEnumerable<KeyValuePair<string, string>> environment)
    {
        var file = Path.Combine(_folder, "settings.json");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Fettle.Services.Host.dll"), "config", "show", "stocks", "--json", file]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return JsonNode.Parse(await File.ReadAllTextAsync(file))!["settings"]!.AsArray().ToDictionary(s => (string)s!["name"]!, s => (string?)s!["value"]);
    }
}
