using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Services.Stocks.Sampling;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The whole service in this process on a free loopback port, over a database of its own.</summary>
public sealed class StocksHost : IAsyncDisposable
{
    const string Token = "token-of-the-tests-0123456789";
    readonly WebApplication _app;
    readonly string? _folder;

    StocksHost(WebApplication app, string? folder)
    {
        (_app, _folder) = (app, folder);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Admin = new HttpClient { BaseAddress = Client.BaseAddress };
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public HttpClient Client { get; }

    public HttpClient Admin { get; }

    public Database Database => _app.Services.GetRequiredService<Database>();

    internal T Service<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<StocksHost> OverSampleAsync(int stocks = 40, int days = 120)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-stocks-").FullName;
        var file = Path.Combine(folder, "stocks.db");
        Write(file, stocks, days);
        return await StartAsync(new StocksOptions { Database = DatabaseAddress.Parse("sqlite:" + file), ModelsFolder = CopyModels(folder) }, folder);
    }

    internal static async Task<StocksHost> StartAsync(StocksOptions options, string? folder = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = await StocksService.BuildAsync(options with { AdminToken = Token }, builder);
        await app.StartAsync();
        return new StocksHost(app, folder);
    }

    internal static SampleReport Write(string file, int stocks, int days, long seed = 1) => SampleWriter.Write(
        new SampleOptions { Stocks = stocks, Days = days, Seed = seed }, calendar => new SqliteUniverseWriter(file, calendar), null, CancellationToken.None);

    /// <summary>The models that <see cref="OverSampleAsync"/> copied for this host.</summary>
    public string Models => Path.Combine(_folder!, "models");

    /// <summary>A copy, so that a test may change which version is active.</summary>
    internal static string CopyModels(string folder)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "stocks", "models");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, "models", Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return Path.Combine(folder, "models");
    }

    public async Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(string path, string body, string type = "application/json")
    {
        var response = await Client.PostAsync(path, new StringContent(body, Encoding.UTF8, type));
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()), response);
    }

    /// <summary>The answer's text with the one member that may differ taken out.</summary>
    public async Task<string> AnswerAsync(string path, string body)
    {
        var (_, node, _) = await PostAsync(path, body);
        foreach (var item in node is JsonArray list ? list.ToArray() : [node])
        {
            item!.AsObject().Remove("prediction_timestamp");
            item.AsObject().Remove("traceId");
        }

        return node!.ToJsonString();
    }

    public async Task SwitchAsync(string name, bool on)
    {
        var response = await Admin.PutAsync($"/fettle/switches/{name}", new StringContent($"{{\"on\":{(on ? "true" : "false")}}}", Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Admin.Dispose();
        await _app.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}

/// <summary>One host for the tests that only read.</summary>
public sealed class StocksFixture : IAsyncLifetime
{
    public StocksHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await StocksHost.OverSampleAsync();

    public async Task DisposeAsync() => await Host.DisposeAsync();
}
