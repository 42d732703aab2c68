using Fettle.Cli;
using Fettle.Databases;
using Fettle.Services.Stocks.Sampling;
using Fettle.Services.Stocks.Serving;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Fettle.Integration.Tests;

/// <summary><c>fettle model profile</c> as a person types it, against Stocks in this process.</summary>
[Collection(nameof(CacheCommandTests))]
public sealed class ModelProfileTests
{
    [Fact]
    public async Task RunningStocks_NamesItsThreeLargestCosts()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-profile-").FullName;
        try
        {
            var file = Path.Combine(folder, "stocks.db");
            SampleWriter.Write(new SampleOptions { Stocks = 5, Days = 90 }, calendar => new SqliteUniverseWriter(file, calendar), null, CancellationToken.None);
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            await using var app = await StocksService.BuildAsync(new StocksOptions { Database = DatabaseAddress.Parse("sqlite:" + file), AdminToken = "token-of-the-profile-0123" }, builder);
            await app.StartAsync();
            var (code, output, errors) = await FettleAsync(
                "model", "profile", $"{app.Urls.First()}/api/v1/predict", "--requests", "20", "--body", """{"bse_code":"500007","prediction_date":"2025-09-30"}""");
            code.ShouldBe(0, errors);
            output.ShouldContain("20 requests, ");
            var largest = output.Split('\n').Single(l => l.StartsWith("largest costs: ", StringComparison.Ordinal))["largest costs: ".Length..].Split(", ");
            largest.Length.ShouldBe(3);
            largest.ShouldBeSubsetOf(["db", "features", "model", "serialisation", "the rest of the service"]);
            foreach (var phase in new[] { "features", "model", "serialisation" })
            {
                output.ShouldContain($"\n{phase} ");
            }

            output.ShouldContain("the rest of the service");
            output.ShouldContain("network");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        using var console = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(arguments);
        return (code, console.Output, console.Error);
    }
}
