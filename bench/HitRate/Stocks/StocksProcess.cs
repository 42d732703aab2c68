using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Testing;

namespace Fettle.Bench.HitRate;

/// <summary>The Stocks service as a process of its own, with chosen switches; its statistics and its processor time.</summary>
internal sealed class StocksProcess : IAsyncDisposable
{
    const string Token = "token-of-the-benchmark-0123456789";
    readonly Process _process;
    readonly HttpClient _admin;
    readonly string _switches;

    StocksProcess(Process process, Uri address, string switches)
    {
        (_process, Address, _switches) = (process, address, switches);
        _admin = new HttpClient { BaseAddress = address };
        _admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public Uri Address { get; }

    /// <summary>Processor seconds used until now, kernel time included.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    static string Host => Programs.RepositoryFile("artifacts/bin/Fettle.Services.Host/release/Fettle.Services.Host.dll");

    /// <summary>Writes the sample and the indexes that the tuner finds, unless the file is there.</summary>
    public static async Task PrepareAsync(string file, int stocks, int days)
    {
        if (File.Exists(file))
        {
            return;
        }

        using (var sample = Process.Start("dotnet", [Host, "sample", "stocks", "--stocks", $"{stocks}", "--days", $"{days}", "--out", file]))
        {
            await sample.WaitForExitAsync();
            if (sample.ExitCode != 0)
            {
                throw new InvalidOperationException($"'fettle sample stocks' ended with {sample.ExitCode}");
            }
        }

        await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + file));
        await using var connection = await database.OpenWriteAsync();
        foreach (var index in new[] { "stocks(bse_code)", "price_movements(bse_code, date)", "historical_financials(bse_code, announced_on)", "news(bse_code, published_at)", "earnings_calendar(bse_code)" })
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"CREATE INDEX bench_{index[..index.IndexOf('(')]} ON {index}";
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>The codes of the stocks with enough history to be predicted, and the newest day.</summary>
    public static async Task<(string[] Codes, string Date)> ReadAsync(string file)
    {
        await using var database = Database.Open(DatabaseAddress.Parse("sqlite:" + file));
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT bse_code FROM stocks s WHERE (SELECT COUNT(*) FROM price_movements p WHERE p.bse_code = s.bse_code) >= 100 ORDER BY id";
        var codes = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                codes.Add(reader.GetString(0));
            }
        }

        command.CommandText = "SELECT MAX(date) FROM price_movements";
        return ([.. codes], (string)(await command.ExecuteScalarAsync())!);
    }

    public static async Task<StocksProcess> StartAsync(string file, int cacheEntries, string? redis, params string[] switches)
    {
        var on = Path.GetTempFileName();
        await File.WriteAllTextAsync(on, $$"""{"schema":"fettle.switches/1","switches":[{{string.Join(',', switches.Select(s => $$"""{"name":"{{s}}","on":true}"""))}}]}""");
        List<string> arguments = [Host, "serve", "stocks", "--database", "sqlite:" + file, "--urls", "http://127.0.0.1:0", "--switches", on, "--cache-entries", cacheEntries.ToString(CultureInfo.InvariantCulture)];
        if (redis is not null)
        {
            arguments.AddRange(["--redis", redis]);
        }

        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment["FETTLE_ADMIN_TOKEN"] = Token;
        start.Environment["FETTLE_EXIT_WITH_STDIN"] = "1";
        var process = Process.Start(start)!;
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("listening on ", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync();
                _ = process.StandardOutput.ReadToEndAsync();
                return new StocksProcess(process, new Uri(line["listening on ".Length..]), on);
            }
        }

        throw new InvalidOperationException($"the service ended with {process.ExitCode} before it listened");
    }

    /// <summary>Hits and misses of a category, memory and second tier together in the hits of both.</summary>
    public async Task<Counts> CountsAsync(string category)
    {
        var answer = JsonNode.Parse(await _admin.GetStringAsync("/fettle/cache"))!;
        var found = answer["categories"]!.AsArray().Single(c => (string?)c!["name"] == category)!;
        return new Counts((long)found["hits"]!, (long)found["misses"]!["total"]!, (long)found["secondTier"]!["hits"]!);
    }

    public async Task<string> StatisticsAsync() => await _admin.GetStringAsync("/fettle/cache");

    public async Task WarmAsync(string query) => (await _admin.PostAsync($"/fettle/cache/warm?{query}", null)).EnsureSuccessStatusCode();

    public async Task ClearAsync() => (await _admin.DeleteAsync("/fettle/cache")).EnsureSuccessStatusCode();

    public async Task SwitchAsync(string name, bool on) => (await _admin.PutAsync(
        $"/fettle/switches/{name}", new StringContent($"{{\"on\":{(on ? "true" : "false")}}}", System.Text.Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        _process.StandardInput.Close();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_switches);
    }

    /// <summary>Requests that memory answered, that it did not, and that the second tier answered of these.</summary>
    public readonly record struct Counts(long Hits, long Misses, long SecondTierHits)
    {
        public static Counts operator -(Counts a, Counts b) => new(a.Hits - b.Hits, a.Misses - b.Misses, a.SecondTierHits - b.SecondTierHits);

        public double MemoryPercent => 100.0 * Hits / Math.Max(1, Hits + Misses);

        public double BothTiersPercent => 100.0 * (Hits + SecondTierHits) / Math.Max(1, Hits + Misses);
    }
}
