using Fettle.Services.Stocks.Caching;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The switch <c>query-cache</c>: what is not asked of the database again, and when it is.</summary>
public sealed class QueryCacheTests
{
    const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30","include_features":true}""";

    [Fact]
    public async Task SecondRequest_RunsNoStatement()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("query-cache", true);
        var first = await AnswersAsync(host);
        host.Service<StocksCaches>().Queries.Category.Count.ShouldBe(9, "five statements of the prediction, two of the search and two of the prices");
        host.Database.Recorder.Clear();

        (await AnswersAsync(host)).ShouldBe(first);
        host.Database.Recorder.Snapshot().ShouldBeEmpty();

        await host.SwitchAsync("query-cache", false);
        (await AnswersAsync(host)).ShouldBe(first);
        host.Database.Recorder.Snapshot().Sum(q => q.Calls).ShouldBe(9);
    }

    [Fact]
    public async Task WriteToATable_IsAMissOfItsStatementsOnly()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("query-cache", true);
        var before = await host.AnswerAsync("/api/v1/predict", Body);
        await using (var connection = await host.Database.OpenWriteAsync())
        {
            await using var command = connection.Command($"UPDATE {StocksSchema.Prices} SET close = close * 1.01 WHERE bse_code = '500007' AND date = '2025-09-30'");
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        host.Database.Recorder.Clear();
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldNotBe(before);
        host.Database.Recorder.Snapshot().ShouldHaveSingleItem().Sql.ShouldContain(StocksSchema.Prices);
    }

    static async Task<string> AnswersAsync(StocksHost host) => string.Join(
        '\n', await host.AnswerAsync("/api/v1/predict", Body), await host.Client.GetStringAsync("/api/v1/stocks?q=5000"), await host.Client.GetStringAsync("/api/v1/stocks/500007/prices?days=30"));
}
