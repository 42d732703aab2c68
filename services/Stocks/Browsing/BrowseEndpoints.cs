using Fettle.AspNetCore;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.Services.Stocks.Browsing;

/// <summary><c>GET /api/v1/stocks?q=&amp;limit=</c> and <c>GET /api/v1/stocks/{code}/prices?days=</c>.</summary>
internal static class BrowseEndpoints
{
    const int MostStocks = 20_000;
    const int MostDays = 5_000;
    const int LongestQuery = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var catalog = routes.ServiceProvider.GetRequiredService<StockCatalog>();
        var options = routes.ServiceProvider.GetRequiredService<StocksOptions>();
        ValueTask<string> Version(HttpContext context) => catalog.VersionAsync(CancellationToken.None);
        var stocks = new DeliveryPolicy("stocks") { Edge = TimeSpan.FromMinutes(5), EdgeStale = TimeSpan.FromMinutes(1), Tags = ["stocks"], Query = ["q", "limit"], Version = Version };
        var prices = new DeliveryPolicy("prices") { Edge = TimeSpan.FromMinutes(5), EdgeStale = TimeSpan.FromMinutes(1), Tags = ["prices"], Query = ["days"], Version = Version };
        routes.MapGet("/api/v1/stocks", SearchAsync).DeliverAs(stocks).LimitClients(ClientLimits.Batch, options).Produces<StockList>().ProducesProblems();
        routes.MapGet("/api/v1/stocks/{code}/prices", PricesAsync).DeliverAs(prices).LimitClients(ClientLimits.Single, options).Produces<PriceSeries>().ProducesProblems();
    }

    static async Task<IResult> SearchAsync(StockCatalog catalog, CancellationToken cancellation, string q = "", string limit = "20") =>
        q.Length > LongestQuery ? StockProblem.InvalidQuery("q", $"{q.Length} characters", $"at most {LongestQuery} characters").ToResult()
        : !Number(limit, MostStocks, out var most) ? StockProblem.InvalidQuery("limit", limit, $"a number from 1 to {MostStocks}").ToResult()
        : Results.Json(await catalog.SearchAsync(q, most, cancellation), StocksJson.Default.StockList);

    static async Task<IResult> PricesAsync(string code, StockCatalog catalog, CancellationToken cancellation, string days = "250") =>
        !PredictRequest.IsCode(code) ? StockProblem.InvalidCode(code).ToResult()
        : !Number(days, MostDays, out var most) ? StockProblem.InvalidQuery("days", days, $"a number from 1 to {MostDays}").ToResult()
        : await catalog.PricesAsync(code, most, cancellation) is { } prices ? Results.Json(prices, StocksJson.Default.PriceSeries)
        : StockProblem.UnknownStock(code).ToResult();

    static bool Number(string text, int most, out int value) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out value) && value >= 1 && value <= most;
}
