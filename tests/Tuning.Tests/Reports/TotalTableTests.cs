using Fettle.Tuning.Answers;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Tests.Verification;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Reports;

public sealed class TotalTableTests
{
    [Theory]
    [InlineData(48.2, 0.0, "to 0")]
    [InlineData(48.2, 0.000001, "to 0")]
    [InlineData(48.2, 0.00004999, "to 0")]
    [InlineData(48.2, 0.1, "482×")]
    [InlineData(0.1, 0.2, "0.50×")]
    [InlineData(0.0, 0.0, "–")]
    [InlineData(0.00001, 0.0, "–")]
    [InlineData(0.0, 3.0, "–")]
    [InlineData(null, 3.0, "–")]
    [InlineData(3.0, null, "–")]
    [InlineData(3.0, double.NaN, "–")]
    public void Factor_IsOfFiguresThatShow(double? before, double? after, string expected) => Cells.Less(before, after).ShouldBe(expected);

    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(0.00001, "<0.0001")]
    [InlineData(-0.00001, ">-0.0001")]
    [InlineData(0.00006, "0.0001")]
    [InlineData(4821.4, "4,821")]
    [InlineData(double.PositiveInfinity, "–")]
    public void Figure_SaysWhatIsTooSmallToShow(double value, string expected) => Cells.Figure(value).ShouldBe(expected);

    /// <summary>A service that answers from memory runs next to no statement: a factor of millions would say nothing.</summary>
    [Fact]
    public void WhatIsNextToNothingAfter_ReadsTo0()
    {
        RoundRecord[] rounds = [.. Enumerable.Range(0, 6).Select(_ => MadeRound.Round(before: 20, after: 2))];
        var (before, after) = (new SideTotals(), new SideTotals());
        foreach (var round in rounds)
        {
            before.Add(round.Reference);
            after.Add(round.Candidate);
        }

        var total = new ComparisonResult
        {
            Shape = new RoundShape(10, TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(1)), Rounds = rounds, Reference = before, Candidate = after, Samples = new Dictionary<Metric, MetricRounds>(),
        };
        var requests = total.Reference.AllRequests;
        var none = new Dictionary<string, (long, long)>();
        var table = TotalTable.Of(
            total, 50, new AnswerReport(20, 0, []),
            (new ServiceCounters(5 * requests, 19 * requests, none, 0.02 * requests), new ServiceCounters(0, 0.000002 * requests, none, 0)));

        string[] Row(string name) => table.Rows.Single(r => r[0].StartsWith(name, StringComparison.Ordinal));
        Row("latency p50")[3].ShouldMatch(@"^(9\.9|10\.)\d?×$");
        Row("database statements").ShouldBe(["database statements per request", "5.00", "0", "to 0"]);
        Row("time in the database").ShouldBe(["time in the database per request, ms", "19.0", "<0.0001", "to 0"]);
        Row("a connection in use").ShouldBe(["a connection in use per request, ms", "20.0", "0", "to 0"]);
    }
}
