using Fettle.AspNetCore;
using Fettle.Caching;
using Fettle.Cli;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.Integration.Tests;

/// <summary>The cache verbs as a person types them, against a service in this process.</summary>
[Collection(nameof(CacheCommandTests))]
[CollectionDefinition(nameof(CacheCommandTests), DisableParallelization = true)]
public sealed class CacheCommandTests : IAsyncLifetime
{
    const string Token = "token-of-the-cache-verbs-0123";
    WebApplication _app = null!;
    CacheCategory<string> _prices = null!;

    string Url => _app.Urls.First();

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddFettleCache();
        builder.Services.AddSingleton<ICacheWarmer>(s => new PriceWarmer(s.GetRequiredService<FettleCache>()));
        builder.Services.AddSingleton<CacheWarming>();
        builder.AddFettle(o => o.AdminToken = Token);
        _app = builder.Build();
        _app.UseFettle();
        _app.MapFettle();
        await _app.StartAsync();
        _prices = PriceWarmer.Prices(_app.Services.GetRequiredService<FettleCache>());
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        using var console = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(["cache", .. arguments]);
        return (code, console.Output, console.Error);
    }

    [Fact]
    public async Task WarmStatsClear_ShowWhatHappened()
    {
        var warm = await FettleAsync("warm", "--mode", "prices", "--limit", "5", "--days", "3", "--url", Url, "--token", Token);
        warm.Code.ShouldBe(0, warm.Errors);
        warm.Output.ShouldStartWith("5 keys warmed in ");
        _prices.TryGet("p4", out _).ShouldBeTrue();

        var file = Path.GetTempFileName();
        var stats = await FettleAsync("stats", "--json", file, "--url", Url, "--token", Token);
        stats.Code.ShouldBe(0, stats.Errors);
        var row = stats.Output.Split('\n').Single(l => l.StartsWith("prices", StringComparison.Ordinal));
        row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].ShouldBe("5");
        stats.Output.ShouldContain("memory: ");
        File.ReadAllText(file).ShouldContain("fettle.cache/1");
        File.Delete(file);

        (await FettleAsync("clear", "--pattern", "prices:p1", "--url", Url, "--token", Token)).Output.ShouldBe("cleared prices:p1\n");
        _prices.TryGet("p1", out _).ShouldBeFalse();
        _prices.TryGet("p2", out _).ShouldBeTrue();
        (await FettleAsync("clear", "--url", Url, "--token", Token)).Output.ShouldBe("cleared everything\n");
        _prices.Count.ShouldBe(0);
    }

    [Fact]
    public async Task WarmingThatCounts_ShowsColdAgainstWarmed()
    {
        var warm = await FettleAsync("warm", "--limit", "5", "--count", "1", "--url", Url, "--token", Token);
        warm.Code.ShouldBe(0, warm.Errors);
        warm.Output.ShouldContain("after warming prices, first ");
        warm.Output.ShouldContain(" s: no requests");
        _prices.TryGet("p0", out _).ShouldBeTrue();
        _prices.TryGet("p0", out _).ShouldBeTrue();
        var stats = await FettleAsync("stats", "--url", Url, "--token", Token);
        stats.Output.ShouldContain("100.00 % hits of 2 requests, cold 50.00 %, 1 of 5 warmed keys asked for");
    }

    [Fact]
    public async Task WarmingThatFails_ShowsTheFirstErrorAndEndsWithOne()
    {
        PriceWarmer.Fail = true;
        try
        {
            var warm = await FettleAsync("warm", "--limit", "2", "--url", Url, "--token", Token);
            warm.Code.ShouldBe(1);
            warm.Errors.ShouldContain("first error: p0: no prices today");
        }
        finally
        {
            PriceWarmer.Fail = false;
        }
    }

    [Theory]
    [InlineData(2, "allowed: an http or https address", "stats", "--url", "ftp://x")]
    [InlineData(1, "no answer from", "stats", "--url", "http://127.0.0.1:1")]
    [InlineData(2, "--count is 61; allowed: 0 (do not count) to 60", "warm", "--count", "61")]
    public async Task Mistakes_AreOneLine(int code, string text, params string[] arguments)
    {
        var (actual, _, errors) = await FettleAsync(arguments);
        actual.ShouldBe(code);
        errors.ShouldContain(text);
        errors.TrimEnd().ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("refuses the token", "stats")]
    [InlineData("allowed: full, prices", "warm", "--mode", "colours")]
    [InlineData("no cache category 'colours'", "clear", "--pattern", "colours")]
    [InlineData("Limit is 0", "warm", "--limit", "0")]
    public async Task ServiceThatRefuses_IsQuoted(string text, params string[] arguments)
    {
        var (code, _, errors) = await FettleAsync([.. arguments, "--url", Url, "--token", text.Contains("token", StringComparison.Ordinal) ? "wrong-wrong-wrong-wrong" : Token]);
        code.ShouldBe(1);
        errors.ShouldContain(text);
    }

    sealed class PriceWarmer(FettleCache cache) : ICacheWarmer
    {
        static readonly CategoryOptions Options = new("prices");

        public static bool Fail { get; set; }

        public string Category => "prices";

        public static CacheCategory<string> Prices(FettleCache cache) => cache.Category<string>(Options);

        public async IAsyncEnumerable<string> KeysAsync(
            WarmRequest request, IReadOnlyList<string> popular, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (var i = 0; i < 100; i++)
            {
                await Task.Yield();
                yield return $"p{i}";
            }
        }

        public async ValueTask WarmAsync(string key, CancellationToken cancellationToken) =>
            await Prices(cache).GetOrCreateAsync(key, _ => Fail ? throw new IOException("no prices today") : ValueTask.FromResult(key), cancellationToken: cancellationToken);
    }
}
