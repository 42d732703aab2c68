using Fettle.Databases.Advice;
using Fettle.Databases.Schema;
using static Fettle.Databases.Tests.Advice.Workloads;

namespace Fettle.Databases.Tests.Advice;

public class ExtendSearchTests
{
    [Fact]
    public async Task SmallIndexesThatFillTheBudget_GiveWayToALargeOneThatSavesMore()
    {
        var (items, candidates) = await ThreeAsync();
        // By cost saved per byte the first small one comes first; the large one then no longer fits.
        var whatIf = new PriceList(new() { ["t0"] = (80, 20_000), ["t1"] = (95, 20_000), ["t2"] = (62, 40_000) });
        var search = new ExtendSearch(whatIf, items, new AdvisorOptions(), 40_000);
        var chosen = await search.RunAsync(candidates, [], default);
        chosen.ShouldHaveSingleItem().Table.ShouldBe("t2");
        (await search.TotalAsync(chosen, default)).ShouldBe(262);
    }

    [Fact]
    public async Task ExchangeThatSavesNothing_IsNotMade()
    {
        var (items, candidates) = await ThreeAsync();
        var whatIf = new PriceList(new() { ["t0"] = (50, 20_000), ["t1"] = (55, 20_000), ["t2"] = (30, 40_000) });
        var search = new ExtendSearch(whatIf, items, new AdvisorOptions(), 40_000);
        (await search.RunAsync(candidates, [], default)).Select(c => c.Table).Order().ShouldBe(["t0", "t1"]);
    }

    [Fact]
    public async Task PricesOfOneSet_AreAskedForTogetherAndOnce()
    {
        var (items, candidates) = await ThreeAsync();
        var whatIf = new PriceList(new() { ["t0"] = (50, 20_000), ["t1"] = (55, 20_000), ["t2"] = (30, 40_000) });
        var search = new ExtendSearch(whatIf, items, new AdvisorOptions(), 100_000);
        await search.TotalAsync([], default);
        whatIf.Asked.ShouldBe([3]);
        await search.TotalAsync([candidates[1].Index], default);
        whatIf.Asked.ShouldBe([3, 1]);
        await search.TotalAsync([candidates[1].Index], default);
        whatIf.Asked.ShouldBe([3, 1]);
        search.Plans.ShouldBe(4);
    }

    static async Task<(List<WorkloadItem> Items, List<(IndexCandidate Index, int Item)> Candidates)> ThreeAsync()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync([.. Enumerable.Range(0, 3).Select(i => $"CREATE TABLE t{i}(id INTEGER PRIMARY KEY, a INT, b INT)")]);
        var schema = await test.Database.ReadSchemaAsync(sizes: false, default);
        var items = AdviceSubject.Read(schema, [.. Enumerable.Range(0, 3).Select(i => Query($"SELECT b FROM t{i} WHERE a = 1", 1))], new AdvisorOptions());
        return (items, [.. items.Select((item, i) => (new IndexCandidate(item.Analyzed.Uses[0].Table.Name, ["a"]), i))]);
    }

    /// <summary>A statement costs 100, and what its table's price says once an index is there.</summary>
    sealed class PriceList(Dictionary<string, (double With, long Bytes)> prices) : IWhatIf
    {
        public List<int> Asked { get; } = [];

        public ValueTask<IReadOnlyList<SupposedCost?>> CostAsync(IReadOnlyList<PricedItem> items, IReadOnlyList<IndexCandidate> supposed, CancellationToken cancellation)
        {
            Asked.Add(items.Count);
            return ValueTask.FromResult<IReadOnlyList<SupposedCost?>>([.. items.Select(i =>
            {
                var cost = i.Serving.Count > 0 ? prices[i.Serving[0].Table].With : 100;
                return new SupposedCost(cost, cost / 100, new QueryPlan { Engine = DatabaseEngine.Sqlite, Sql = i.Item.Sql, Nodes = [], Cost = cost });
            })]);
        }

        public long Bytes(IndexCandidate candidate) => prices[candidate.Table].Bytes;

        public double WriteCost(IndexCandidate candidate) => 0;

        public double RowCost(TableInfo table) => 1;

        public TableSample? Sample(string table) => null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
