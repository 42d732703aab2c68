using Fettle.Databases.Tests.Postgres;
using Fettle.Testing;
using Npgsql;

namespace Fettle.Databases.Tests.Tpch;

[Collection("postgres")]
[Trait("Category", "Slow")]
public class TpchAdviceTests(PostgresFixture fixture)
{
    [RequiresPostgresFact("hypopg")]
    public async Task Budget_IsKept_AndThePlannerAgreesOnceTheIndexesAreBuilt()
    {
        const double Scale = 0.005;
        await using var database = await fixture.CreateAsync(new DatabaseOptions { DataVersions = false });
        await using (var connection = new NpgsqlConnection(database.Address.Value))
        {
            await connection.OpenAsync();
            await new TpchData(Scale).LoadAsync(connection);
        }

        var workload = TpchQueries.Workload(TpchQueries.Outliers);
        var budget = (long)(500e6 * Scale);
        var report = await IndexAdvisor.ReportAsync(database, workload, new AdvisorOptions { StorageBudget = budget, MaxIndexes = 60, MaxCoveringColumns = 0 });
        report.Skipped.ShouldBeEmpty();
        report.Actions.Sum(a => a.Evidence.Bytes).ShouldBeLessThanOrEqualTo(budget);
        var supposed = report.CostAfter / report.CostBefore;
        supposed.ShouldBeLessThan(0.75);

        var real = 0L;
        foreach (var action in report.Actions)
        {
            await database.RunAsync(action.Do[0]);
            real += (long)(await database.QueryAsync($"SELECT pg_relation_size('{action.Evidence.Object}')"))[0][0]!;
        }

        ((double)report.Actions.Sum(a => a.Evidence.Bytes) / real).ShouldBeInRange(0.6, 1.6);
        await database.RunAsync("VACUUM ANALYZE");
        var cost = 0.0;
        foreach (var query in workload)
        {
            cost += (await PlanExplainer.ExplainAsync(database, query)).Cost!.Value;
        }

        (cost / report.CostBefore).ShouldBeLessThan(supposed * 1.3);
    }
}
