using Fettle.AspNetCore;
using Fettle.Testing;

namespace Fettle.EndToEnd.Tests;

/// <summary>The pages in another engine: every one shows itself, and a stock is searched and predicted.</summary>
[Collection(nameof(DashboardFixture))]
public sealed class FirefoxTests(DashboardFixture service)
{
    [RequiresFirefoxFact]
    public async Task EveryPage_ShowsItselfWithoutErrors_AndAStockIsPredicted()
    {
        await using var firefox = await Firefox.StartAsync($"() => {{ try {{ sessionStorage.setItem('fettle-token', '{DashboardFixture.Token}') }} catch {{}} }}");
        foreach (var (page, landmark) in DashboardTests.Pages)
        {
            await firefox.GoAsync(new Uri(service.Address, "/fettle/#/" + page), $"document.querySelector('{landmark}') && document.querySelector('.state')?.textContent === 'live'");
            await firefox.ScreenshotAsync(Path.Combine(DashboardFixture.Screenshots, $"firefox-{page}.png"));
        }

        // The last page is that of the stocks.
        var features = await firefox.RunAsync("""
            (async () => {
              const seen = async find => { for (;;) { const found = find(); if (found) return found; await new Promise(r => setTimeout(r, 30)); } };
              const search = await seen(() => document.querySelector('input[type=search]'));
              search.focus();
              Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(search, '500000');
              search.dispatchEvent(new Event('input', { bubbles: true }));
              (await seen(() => [...document.querySelectorAll('[role=table] .row')].find(r => r.textContent.includes('500000')))).click();
              const rows = await seen(() => { const all = document.querySelectorAll('table.features tbody tr'); return all.length > 0 && all; });
              return String(rows.length);
            })()
            """);

        features.ShouldBe("25");
        firefox.Errors.ShouldBeEmpty();
    }
}

/// <summary>Skips without Firefox, and when the service was built without its page (npm was missing).</summary>
public sealed class RequiresFirefoxFactAttribute() : RequiresFactAttribute(
    Firefox.Path is null ? "Firefox (apt install firefox-esr)"
    : RequiresBrowserFactAttribute.Chromium is null ? "Chromium (apt install chromium)"
    : !new DashboardFiles().Built ? "the dashboard in this build (npm, then eng/dashboard.sh and a build)"
    : null);
