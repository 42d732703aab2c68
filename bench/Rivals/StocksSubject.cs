using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fettle.Testing;

namespace Fettle.Bench.Rivals;

/// <summary>The stocks service on a generated sample, one prediction of it, and its switches.</summary>
internal sealed class StocksSubject : IAsyncDisposable
{
    const string Token = "token-of-the-benchmarks-0123";
    static readonly string[] Fast = ["connection-pooling", "batched-loading", "feature-cache", "prediction-cache", "compiled-forest", "response-compression"];

    readonly List<WebProcess> _servers = [];
    readonly string _database;

    StocksSubject(string folder, string database) => (Folder, _database) = (folder, database);

    public string Folder { get; }

    public string Request { get; private set; } = "";

    static string Host => Programs.RepositoryFile("artifacts/bin/Fettle.Services.Host/release/Fettle.Services.Host.dll");

    public static async Task<StocksSubject> CreateAsync(int stocks)
    {
        if (!File.Exists(Host))
        {
            throw new InvalidOperationException($"{Host} is not built; run 'dotnet build services/Host -c Release' first");
        }

        var folder = Directory.CreateTempSubdirectory("fettle-bench-web-").FullName;
        var database = Path.Combine(folder, "stocks.db");
        using var sample = Process.Start(new ProcessStartInfo("dotnet", [Host, "sample", "stocks", "--stocks", $"{stocks}", "--days", "150", "--out", database]) { RedirectStandardOutput = true })!;
        await sample.StandardOutput.ReadToEndAsync();
        await sample.WaitForExitAsync();
        return new StocksSubject(folder, database);
    }

    /// <summary>Starts an instance with everything on but the answer cache.</summary>
    public async Task<WebProcess> ServeAsync(params string[] variables)
    {
        var environment = new Dictionary<string, string> { ["FETTLE_ADMIN_TOKEN"] = Token };
        foreach (var variable in variables)
        {
            environment[variable.Split('=')[0]] = variable.Split('=')[1];
        }

        var server = await WebProcess.StartAsync(environment, "dotnet", Host, "serve", "stocks", "--database", "sqlite:" + _database, "--urls", "http://127.0.0.1:0");
        _servers.Add(server);
        foreach (var name in Fast)
        {
            await SwitchAsync(server, name, true);
        }

        if (Request.Length == 0)
        {
            using var client = new HttpClient { BaseAddress = server.Address };
            using var found = JsonDocument.Parse(await client.GetStringAsync("/api/v1/stocks?limit=1"));
            var code = found.RootElement.GetProperty("stocks")[0].GetProperty("bse_code").GetString();
            using var prices = JsonDocument.Parse(await client.GetStringAsync($"/api/v1/stocks/{code}/prices"));
            Request = $$"""{"bse_code":"{{code}}","prediction_date":"{{prices.RootElement.GetProperty("dates").EnumerateArray().Last().GetString()}}","include_features":true}""";
        }

        return server;
    }

    public static async Task SwitchAsync(WebProcess server, string name, bool on)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var answer = await client.PutAsync($"/fettle/switches/{name}", new StringContent(on ? "{\"on\":true}" : "{\"on\":false}", Encoding.UTF8, "application/json"));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The answer's bytes, once everything that it needs is in memory.</summary>
    public async Task<byte[]> AnswerAsync(WebProcess server)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        byte[] bytes = [];
        for (var i = 0; i < 3; i++)
        {
            using var answer = await client.PostAsync("/api/v1/predict", new StringContent(Request, Encoding.UTF8, "application/json"));
            answer.EnsureSuccessStatusCode();
            bytes = await answer.Content.ReadAsByteArrayAsync();
        }

        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
