using Fettle.Databases;
using Fettle.Services.Stocks.Sampling;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Fettle.EndToEnd.Tests;

/// <summary>All tests of the page share one service and one browser.</summary>
[CollectionDefinition(nameof(DashboardFixture))]
public sealed class DashboardCollection : ICollectionFixture<DashboardFixture>;

/// <summary>The stocks service on a real port with 10,040 stocks, and one browser for all tests.</summary>
public sealed class DashboardFixture : IAsyncLifetime
{
    public const string Token = "token-of-the-browser-0123456789";
    const int Sampled = 40;
    const int Named = 10_000;

    readonly string _folder = Directory.CreateTempSubdirectory("fettle-e2e-").FullName;
    WebApplication? _app;
    IPlaywright? _playwright;
    IBrowser? _browser;

    public Uri Address { get; private set; } = null!;

    public static string Screenshots { get; } = Directory.CreateDirectory(Fettle.Testing.Programs.RepositoryFile(Path.Combine("artifacts", "screenshots"))).FullName;

    public async Task InitializeAsync()
    {
        if (RequiresBrowserFactAttribute.Chromium is not { } chromium)
        {
            return;
        }

        var address = DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "stocks.db"));
        SampleWriter.Write(new SampleOptions { Stocks = Sampled, Days = 150, Seed = 1 }, calendar => new SqliteUniverseWriter(address.Value, calendar), null, CancellationToken.None);
        await AddNamesAsync(address);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = await StocksService.BuildAsync(new StocksOptions { Database = address, AdminToken = Token, RunsFolder = _folder, CacheEntries = 64, Configure = fettle => fettle.StateFolder = SavedRuns() }, builder);
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    /// <summary>A state folder with a finished tuning run, one under way, and a load run.</summary>
    string SavedRuns()
    {
        var state = Path.Combine(_folder, "state");
        void Write(string name, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(state, name))!);
            File.WriteAllText(Path.Combine(state, name), text);
        }

        Write("runs/20260101-100000-stocks/result.json", """
            {"schema":"fettle.result/1","kind":"tune","name":"stocks","startedAt":"2026-01-01T10:00:00Z","durationSeconds":96,
             "verdicts":[{"subject":"index on price_movements","verdict":"kept","reason":"p95 fell by 71 %, the interval leaves zero out"},{"subject":"response-compression","verdict":"rolled back","reason":"throughput fell by 12 %"},{"subject":"feature-panel","verdict":"inconclusive","reason":"the interval holds zero"}],
             "tables":[{"title":"Before and after","columns":["figure","before","after"],"rows":[["p95 ms",42.1,3.2],["requests/s",310,4100]],"note":"medians of half-second blocks"}],"data":{"end":"improved"}}
            """);
        Write("runs/20260102-100000-stocks/journal.jsonl", "{\"entry\":{\"at\":\"2026-01-02T10:00:00Z\",\"event\":\"begin\"}}\n{\"entry\":{\"at\":\"2026-01-02T10:00:09Z\",\"event\":\"apply\",\"action\":\"switch:connection-pooling\"}}\n");
        Write("loads/steady.json", """
            {"schema":"fettle.result/1","kind":"load","name":"steady","startedAt":"2026-01-03T10:00:00Z","durationSeconds":30,
             "tables":[{"title":"Latency","columns":["request","p50 ms","p95 ms","p99 ms"],"rows":[["predict",1.1,2.9,4.8]]}]}
            """);
        return state;
    }

    /// <summary>A tab of its own, signed in unless told otherwise.</summary>
    /// <param name="page">The page's name.</param>
    /// <param name="token">What it signs in with; null for not at all.</param>
    /// <param name="script">Runs before the page's own scripts.</param>
    public async Task<Tab> OpenAsync(string page = "overview", string? token = Token, string? script = null)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 860 } });
        if (script is not null)
        {
            await context.AddInitScriptAsync(script);
        }

        if (token is not null)
        {
            await context.AddInitScriptAsync($"sessionStorage.setItem('fettle-token', '{token}')");
        }

        var tab = new Tab(context, await context.NewPageAsync());
        await tab.Page.GotoAsync(new Uri(Address, "/fettle/#/" + page).ToString());
        return tab;
    }

    /// <summary>Names without prices: what a list of all stocks has to bear.</summary>
    static async Task AddNamesAsync(DatabaseAddress address)
    {
        await using var database = Database.Open(address);
        await using var connection = await database.OpenWriteAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Named})
            INSERT INTO {StocksSchema.Stocks} (bse_code, nse_symbol, company_name, status)
            SELECT 800000 + i, 'LISTED' || i, 'Listed Company ' || i || ' Limited', 'active' FROM n
            """;
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>One page and what went wrong on it.</summary>
public sealed class Tab : IAsyncDisposable
{
    readonly IBrowserContext _context;

    public Tab(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                Errors.Add(message.Text);
            }
        };
        page.PageError += (_, error) => Errors.Add(error);
    }

    public IPage Page { get; }

    /// <summary>Takes the network away, and gives it back.</summary>
    public Task OfflineAsync(bool offline) => _context.SetOfflineAsync(offline);

    public List<string> Errors { get; } = [];

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
