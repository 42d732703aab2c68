using System.Text.Json.Nodes;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Tests.Verification;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Reports;

public sealed class EffectTableTests
{
    static readonly RoundShape Shape = new(10, TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(1));

    [Fact]
    public void EveryMetric_HasItsFactorAndInterval()
    {
        var trial = Trial(rounds: 20);
        var table = EffectTable.Of([("an index", trial), ("nothing measured", new JsonObject())])!;

        table.Columns.ShouldBe(["action", "p50", "p95", "p99", "capacity", "CPU per request", "errors, % points"]);
        var row = table.Rows.ShouldHaveSingleItem();
        row[0].ShouldBe("an index");
        foreach (var cell in row[1..5])
        {
            cell.ShouldMatch(@"^\d\.\d\d× \(\d\.\d\d×–\d\.\d\d×\)$");
        }

        foreach (var (_, effect) in (JsonObject)trial["effects"]!)
        {
            ((double)effect!["factor"]!).ShouldBe(2, 0.05);
            ((double)effect["lower"]!).ShouldBeInRange(1.8, (double)effect["factor"]!);
            ((double)effect["upper"]!).ShouldBeInRange((double)effect["factor"]!, 2.2);
        }

        // 20 rounds of 60 requests on both sides without a failure: three in 1,200.
        row[6].ShouldBe("0 (-0.25–+0.25)");
        EffectTable.Errors((JsonObject)trial["errors"]!).ShouldBe("Failed requests: 0 % before, 0 % after; the difference lies between -0.25 and +0.25 percentage points (95 %).");
    }

    [Fact]
    public void FewRequests_HaveNoP99() => EffectTable.Of([("x", Trial(rounds: 12))])!.Rows[0][3].ShouldBe("–");

    [Fact]
    public void NoTrial_HasNoTable() => EffectTable.Of([]).ShouldBeNull();

    static JsonObject Trial(int rounds)
    {
        var random = new Random(4);
        (SideRound, double)[] Block(double milliseconds) => [.. Enumerable.Range(0, rounds).Select(_ => (MadeRound.Side(milliseconds * (0.99 + 0.02 * random.NextDouble()), random: random), 1.0))];
        var comparison = BlockComparison.Judge(Shape, Block(10), Block(5), 0.01, new Dictionary<Metric, double>(), Math.Log(1.03), 1);

        // As the archive holds it: text and back.
        return (JsonObject)JsonNode.Parse(TrialJson.Of(comparison).ToJsonString())!;
    }
}
