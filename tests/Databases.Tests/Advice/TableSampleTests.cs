using Fettle.Databases.Advice;
using Fettle.Databases.Schema;

namespace Fettle.Databases.Tests.Advice;

public class TableSampleTests
{
    static readonly TableInfo Table = new("t", [new("a", "INTEGER", false), new("b", "TEXT", false), new("c", "REAL", false), new("d", "BLOB", false)], [], [], 50_000);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void JointDistinctCounts_AreThoseOfTheRowsAsText(int seed)
    {
        var random = new Random(seed);
        var rows = Enumerable.Range(0, 2_000).Select(_ => new object?[] { (long)random.Next(40), random.Next(5) == 0 ? null : $"s{random.Next(300)}", random.Next(7) / 2.0, new[] { (byte)random.Next(3) } }).ToList();
        var sample = new TableSample(Table, rows);
        foreach (var columns in new string[][] { ["a"], ["b"], ["c"], ["d"], ["a", "b"], ["b", "a"], ["c", "d", "a"], ["a", "b", "c", "d"] })
        {
            var groups = rows.GroupBy(r => string.Join('|', columns.Select(c => Text(r[sample.Ordinal(c)])))).ToList();
            var once = groups.Count(g => g.Count() == 1);
            var n = (double)rows.Count;
            var estimate = Math.Clamp(n * groups.Count / (n - once + once * n / Table.Rows), 1, Table.Rows);
            // Twice: the second answer is the kept one.
            sample.Distinct(columns).ShouldBe(estimate, 1e-9 * estimate, string.Join(',', columns));
            sample.Distinct(columns).ShouldBe(estimate, 1e-9 * estimate);
        }
    }

    [Fact]
    public void KeptSelectivities_AreThoseOfTheFirstAnswer()
    {
        var rows = Enumerable.Range(0, 1_000).Select(i => new object?[] { (long)(i % 100), i % 4 == 0 ? null : "x", i * 1.0, null }).ToList();
        var sample = new TableSample(Table, rows);
        for (var again = 0; again < 2; again++)
        {
            sample.Equal("a", 5L).ShouldBe(0.01);
            sample.Equal("A", 5L).ShouldBe(0.01);
            sample.Range("c", [(">=", 250.0), ("<", 500.0)]).ShouldBe(0.25);
            sample.Range("c", [(">=", 250.0)]).ShouldBe(0.75);
            sample.Range("a", [("<", 50L), (">", null)]).ShouldBe(0.5 / 3, 1e-12);
            sample.Null("b").ShouldBe(0.25);
        }
    }

    [Fact]
    public void Sorted_TellsKeysThatRiseWithTheirRows()
    {
        var random = new Random(5);
        var rows = Enumerable.Range(0, 3_000).Select(i => new object?[] { (long)(i / 10), $"k{random.Next(1_000_000):D7}", (double)-i, null }).ToList();
        var ordered = new TableSample(Table, rows, ordered: true);
        ordered.Sorted("a").ShouldBeGreaterThan(0.99);
        ordered.Sorted("b").ShouldBeInRange(-0.1, 0.1);
        ordered.Sorted("c").ShouldBeLessThan(-0.99);
        ordered.Sorted("d").ShouldBe(0);
        ordered.Sorted("missing").ShouldBe(0);
        new TableSample(Table, rows).Sorted("a").ShouldBe(0);
    }

    static string Text(object? value) => value is byte[] bytes ? Convert.ToHexString(bytes) : value?.ToString() ?? "null";
}
