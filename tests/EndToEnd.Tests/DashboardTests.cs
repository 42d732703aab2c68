using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace Fettle.EndToEnd.Tests;

/// <summary>The page as a person meets it.</summary>
[Collection(nameof(DashboardFixture))]
public sealed class DashboardTests(DashboardFixture service, ITestOutputHelper output)
{
    const int MostTransferredBytes = 150 * 1024;
    static readonly Lazy<string> Axe = new(() => File.ReadAllText(Fettle.Testing.Programs.RepositoryFile("web/node_modules/axe-core/axe.min.js")));

    [RequiresBrowserFact]
    public async Task EveryPage_ShowsItselfWithoutErrors_IsAccessible_AndFitsNarrowScreens()
    {
        await WarmAsync();
        foreach (var (page, landmark) in Pages)
        {
            await using var tab = await service.OpenAsync(page);
            await Expect(tab.Page.Locator(landmark).First).ToBeVisibleAsync();
            await Expect(tab.Page.Locator(".state")).ToHaveTextAsync("live");
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                // The open page follows the system's scheme.
                await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
                await Expect(tab.Page.Locator("html")).ToHaveAttributeAsync("data-theme", scheme == ColorScheme.Light ? "light" : "dark");
                await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot($"{page}-{scheme}"), FullPage = true });
                (await AxeAsync(tab.Page)).ShouldBeEmpty($"{page} in {scheme}");
            }

            await tab.Page.SetViewportSizeAsync(390, 800);
            (await tab.Page.EvaluateAsync<bool>("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.documentElement.scrollWidth <= innerWidth))))")).ShouldBeTrue($"{page} scrolls sideways on a narrow screen");
            await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot($"{page}-narrow"), FullPage = true });
            tab.Errors.ShouldBeEmpty(page);
        }
    }

    [RequiresBrowserFact]
    public async Task FirstView_IsSmallAndQuick()
    {
        await using var warm = await service.OpenAsync();
        await Expect(warm.Page.Locator("canvas").First).ToBeVisibleAsync();
        foreach (var (page, landmark) in Pages)
        {
            await using var tab = await service.OpenAsync(page, script: "new PerformanceObserver(l => { window.lcp = l.getEntries().at(-1).startTime }).observe({ type: 'largest-contentful-paint', buffered: true })");
            await Expect(tab.Page.Locator(landmark).First).ToBeVisibleAsync();
            var figures = await tab.Page.EvaluateAsync<JsonElement>("""
                () => {
                  const navigation = performance.getEntriesByType('navigation')[0];
                  const all = [navigation, ...performance.getEntriesByType('resource')];
                  return {
                    ttfb: navigation.responseStart, dom: navigation.domContentLoadedEventEnd, lcp: window.lcp ?? 0,
                    bytes: all.reduce((sum, e) => sum + (e.encodedBodySize ?? 0), 0), requests: all.length,
                  };
                }
                """);
            double Figure(string name) => figures.GetProperty(name).GetDouble();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{page,-10} first byte {Figure("ttfb"):0} ms, DOM ready {Figure("dom"):0} ms, largest paint {Figure("lcp"):0} ms, {Figure("bytes") / 1024:0.0} KB in {Figure("requests"):0} requests"));

            // Sizes do not depend on the machine; times do, so they are printed and only the gross is refused.
            Figure("bytes").ShouldBeLessThan(MostTransferredBytes, page);
            Figure("lcp").ShouldBeLessThan(10_000, page);
        }
    }

    [RequiresBrowserFact]
    public async Task WithoutToken_TheGateOpensOnlyForTheRightOne()
    {
        await using var tab = await service.OpenAsync(token: null);
        await Expect(tab.Page.GetByLabel("Admin token")).ToBeVisibleAsync();
        await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("gate") });
        (await AxeAsync(tab.Page)).ShouldBeEmpty();

        await tab.Page.GetByLabel("Admin token").FillAsync("not-the-token-0123456789");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("FETTLE_ADMIN_TOKEN");

        await tab.Page.GetByLabel("Admin token").FillAsync(DashboardFixture.Token);
        await tab.Page.Keyboard.PressAsync("Enter");
        await Expect(tab.Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
    }

    [RequiresBrowserFact]
    public async Task Overview_IsUpdatedEverySecond()
    {
        await using var tab = await service.OpenAsync();
        var caption = tab.Page.Locator("figcaption").First;
        await Expect(caption).ToContainTextAsync("requests");
        await WarmAsync();
        await Expect(tab.Page.Locator(".tile").First.Locator(".value")).Not.ToHaveTextAsync("0", new() { Timeout = 10_000 });
        tab.Errors.ShouldBeEmpty();
    }

    [RequiresBrowserFact]
    public async Task FlippedSwitch_IsMarkedInTheChart()
    {
        await using var watching = await service.OpenAsync();
        await using var flipping = await service.OpenAsync("switches");
        var toggle = flipping.Page.GetByRole(AriaRole.Switch, new() { Name = "batched-loading" });
        await Expect(toggle).ToHaveAttributeAsync("aria-checked", "false");
        await toggle.FocusAsync();
        await flipping.Page.Keyboard.PressAsync("Space");
        await Expect(toggle).ToHaveAttributeAsync("aria-checked", "true");

        await Expect(watching.Page.Locator("[data-marks]").First).ToHaveAttributeAsync("data-marks", new System.Text.RegularExpressions.Regex("batched-loading on"), new() { Timeout = 10_000 });
        await watching.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("overview-marked") });
        await toggle.ClickAsync();
        await Expect(toggle).ToHaveAttributeAsync("aria-checked", "false");
    }

    [RequiresBrowserFact]
    public async Task ClearingTheCache_NeedsTheToken()
    {
        await using var tab = await service.OpenAsync("cache");
        (await tab.Page.EvaluateAsync<int>("() => fetch('cache', { method: 'DELETE' }).then(r => r.status)")).ShouldBe(401);

        tab.Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Clear everything" }).ClickAsync();
        await Expect(tab.Page.Locator(".said").First).ToHaveTextAsync("The cache is empty.");
    }

    [RequiresBrowserFact]
    public async Task SearchedStock_ShowsPricesPredictionAndFeatures()
    {
        await using var tab = await service.OpenAsync("stocks");
        using var http = new HttpClient { BaseAddress = service.Address };
        using var first = JsonDocument.Parse(await http.GetStringAsync("/api/v1/stocks?limit=1"));
        var stock = first.RootElement.GetProperty("stocks")[0];
        var name = stock.GetProperty("company_name").GetString()!;

        await tab.Page.GetByLabel("Search a stock").FillAsync(name);
        await tab.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = stock.GetProperty("bse_code").GetString()! }).FocusAsync();
        await tab.Page.Keyboard.PressAsync("Enter");
        await Expect(tab.Page.GetByRole(AriaRole.Heading, new() { Name = name })).ToBeVisibleAsync();
        await Expect(tab.Page.Locator("table.features tbody tr")).ToHaveCountAsync(25);
        await Expect(tab.Page.Locator(".tile .value").First).ToContainTextAsync("%");
        await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("stocks-predicted"), FullPage = true });
        (await AxeAsync(tab.Page)).ShouldBeEmpty();
        tab.Errors.ShouldBeEmpty();
    }

    [RequiresBrowserFact]
    public async Task ListOfTenThousand_HoldsFewRowsAndScrollsWithoutLongTasks()
    {
        await using var tab = await service.OpenAsync("stocks");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "List all" }).ClickAsync();
        var table = tab.Page.GetByRole(AriaRole.Table, new() { Name = "Stocks" });
        await Expect(table).ToHaveAttributeAsync("aria-rowcount", "10041");
        var longest = await tab.Page.EvaluateAsync<double>("""
            async () => {
              let longest = 0;
              const watching = new PerformanceObserver(list => { for (const e of list.getEntries()) longest = Math.max(longest, e.duration); });
              watching.observe({ entryTypes: ['longtask'] });
              const box = document.querySelector('.scroll');
              for (let i = 0; i < 120; i++) {
                box.scrollTop = i * 3000;
                await new Promise(requestAnimationFrame);
              }
              return longest;
            }
            """);
        var rows = await table.Locator(".row").CountAsync();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"longest task while scrolling {longest:0} ms, {rows} rows in the document"));
        rows.ShouldBeInRange(5, 60);
        longest.ShouldBeLessThan(200);
        await Expect(table.GetByText("Listed Company 9")).Not.ToHaveCountAsync(0);
    }

    [RequiresBrowserFact]
    public async Task Model_IsMeasuredAndTakenApart()
    {
        await using var tab = await service.OpenAsync("model");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Measure", Exact = true }).ClickAsync();
        await Expect(tab.Page.GetByLabel("Latency by batch").Locator("table").First.Locator("tbody tr")).ToHaveCountAsync(5, new() { Timeout = 60_000 });
        await Expect(tab.Page.GetByLabel("Agreement of forms").Locator("tbody tr")).ToHaveCountAsync(3);
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Look", Exact = true }).ClickAsync();
        var phases = tab.Page.GetByLabel("What a prediction is made of").Locator("tbody");
        await Expect(phases).ToContainTextAsync("model", new() { Timeout = 60_000 });
        await Expect(phases).ToContainTextAsync("db");
        await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("model-measured"), FullPage = true });
        (await AxeAsync(tab.Page)).ShouldBeEmpty();
        tab.Errors.ShouldBeEmpty();
    }

    [RequiresBrowserFact]
    public async Task Runs_ShowWhatWasTunedAndLoaded()
    {
        await using var tab = await service.OpenAsync("runs");
        await Expect(tab.Page.GetByText("switch:connection-pooling")).ToBeVisibleAsync();
        await tab.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "20260101-100000-stocks" }).ClickAsync();
        await Expect(tab.Page.Locator(".badge.rolled-back")).ToBeVisibleAsync();
        await tab.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "steady.json" }).ClickAsync();
        await Expect(tab.Page.GetByLabel("Latency", new() { Exact = true }).First).ToBeVisibleAsync();
        await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("runs-chosen"), FullPage = true });
        (await AxeAsync(tab.Page)).ShouldBeEmpty();
        tab.Errors.ShouldBeEmpty();
    }

    [RequiresBrowserFact]
    public async Task CacheInUse_ShowsReasonsCurveAndWarming()
    {
        using var admin = new HttpClient { BaseAddress = service.Address };
        admin.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", DashboardFixture.Token);
        async Task SetAsync(string name, bool on) => (await admin.PutAsync($"/fettle/switches/{name}", new StringContent(on ? "{\"on\":true}" : "{\"on\":false}", System.Text.Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        await SetAsync("prediction-cache", true);
        await SetAsync("feature-cache", true);
        try
        {
            await WarmAsync(times: 60); // The curve begins at a hundred reads.
            await using var tab = await service.OpenAsync("cache");
            await Expect(tab.Page.GetByLabel("predictions", new() { Exact = true }).Locator("svg.curve")).ToBeVisibleAsync();
            await tab.Page.GetByLabel("Keys at most").FillAsync("20");
            await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Warm", Exact = true }).ClickAsync();
            await Expect(tab.Page.Locator(".said").First).ToContainTextAsync("keys warmed", new() { Timeout = 60_000 });
            await Expect(tab.Page.GetByLabel("predictions", new() { Exact = true }).Locator(".big")).ToContainTextAsync("%");
            await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Shot("cache-used"), FullPage = true });
            (await AxeAsync(tab.Page)).ShouldBeEmpty();
            tab.Errors.ShouldBeEmpty();
        }
        finally
        {
            await SetAsync("prediction-cache", false);
            await SetAsync("feature-cache", false);
        }
    }

    [RequiresBrowserFact]
    public async Task WithoutNetwork_TheShellStillOpens()
    {
        await using var tab = await service.OpenAsync();
        await tab.Page.EvaluateAsync("async () => { await navigator.serviceWorker.ready; }");

        // Controlled now: this visit fills the cache.
        await tab.Page.ReloadAsync();
        await Expect(tab.Page.Locator("canvas").First).ToBeVisibleAsync();
        await tab.OfflineAsync(true);
        await tab.Page.ReloadAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Navigation)).ToBeVisibleAsync();
        await Expect(tab.Page.Locator(".state")).ToHaveTextAsync("lost");
        await tab.OfflineAsync(false);
        await Expect(tab.Page.Locator(".state")).ToHaveTextAsync("live", new() { Timeout = 30_000 });
    }

    internal static readonly (string Page, string Landmark)[] Pages =
    [
        ("overview", "canvas"), ("routes", "section"), ("cache", ".tiles"), ("database", "section"), ("model", ".tiles"),
        ("runs", "section"), ("switches", "[role=switch]"), ("audit", "section"), ("stocks", "[role=table]"),
    ];

    static string Shot(string name) => Path.Combine(DashboardFixture.Screenshots, name.ToLowerInvariant() + ".png");

    /// <summary>Requests that give every page something to show.</summary>
    async Task WarmAsync(int times = 3)
    {
        using var http = new HttpClient { BaseAddress = service.Address };
        using var found = JsonDocument.Parse(await http.GetStringAsync("/api/v1/stocks?limit=6"));
        foreach (var stock in found.RootElement.GetProperty("stocks").EnumerateArray())
        {
            var code = stock.GetProperty("bse_code").GetString();
            using var prices = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/stocks/{code}/prices"));
            var date = prices.RootElement.GetProperty("dates").EnumerateArray().Last().GetString();
            for (var i = 0; i < times; i++)
            {
                using var body = new StringContent($$"""{"bse_code":"{{code}}","prediction_date":"{{date}}"}""", System.Text.Encoding.UTF8, "application/json");
                await http.PostAsync("/api/v1/predict", body);
            }
        }
    }

    /// <summary>Serious and critical findings of axe, one line each.</summary>
    static async Task<string[]> AxeAsync(IPage page)
    {
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window"))
        {
            await page.EvaluateAsync(Axe.Value + "; undefined");
        }

        return await page.EvaluateAsync<string[]>("""
            async () => (await axe.run(document)).violations
              .filter(v => v.impact === 'serious' || v.impact === 'critical')
              .map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')}`)
            """);
    }
}
