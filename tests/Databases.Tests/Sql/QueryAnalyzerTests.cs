using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Tests.Sql;

/// <summary>What each form of a statement asks of its tables.</summary>
public class QueryAnalyzerTests
{
    static readonly DatabaseSchema Schema = new(
        DatabaseEngine.Postgres,
        [Table("t", "id", "a", "b", "c", "doc"), Table("u", "id", "a", "t_id"), Table("weird name", "id", "select")],
        [new ViewInfo("v", "CREATE VIEW v AS SELECT t.a, t.b FROM t WHERE t.c = 1"), new ViewInfo("loop", "CREATE VIEW loop AS SELECT * FROM loop"), new ViewInfo("empty", "CREATE VIEW empty")]);

    [Theory]
    [InlineData("EXPLAIN SELECT a FROM t WHERE b = 1", "t.b Equal 1")]
    [InlineData("WITH x AS (SELECT a FROM t WHERE b = 1) SELECT * FROM x", "t.b Equal 1")]
    [InlineData("SELECT a FROM t WHERE b = 1 UNION ALL SELECT a FROM u WHERE a > 2", "t.b Equal 1; u.a Range 2")]
    [InlineData("(SELECT a FROM t WHERE b = 1) EXCEPT (SELECT a FROM u WHERE a = 3)", "t.b Equal 1; u.a Equal 3")]
    [InlineData("UPDATE OR IGNORE t SET a = 1 WHERE b = 2", "t.b Equal 2")]
    [InlineData("UPDATE t AS x SET a = 1 WHERE x.b = 2", "t.b Equal 2")]
    [InlineData("DELETE FROM t WHERE b < 2", "t.b Range 2")]
    [InlineData("INSERT INTO u SELECT id, a, b FROM t WHERE b = 5", "t.b Equal 5")]
    [InlineData("INSERT INTO u VALUES (1, 2, 3)", "")]
    [InlineData("SELECT * FROM t JOIN u USING (a) WHERE t.b = 1", "t.a Join ; t.b Equal 1; u.a Join ")]
    [InlineData("SELECT * FROM t LEFT JOIN u ON u.t_id = t.id AND u.a = 4", "t.id Join ; u.a Equal 4; u.t_id Join ")]
    [InlineData("SELECT * FROM (SELECT a FROM t WHERE b = 1) s JOIN (t x JOIN u ON u.id = x.id) ON s.a = x.a", "t.a Equal ; t.b Equal 1; t.id Join ; u.id Join ")]
    [InlineData("SELECT * FROM generate_series(1, 3) AS g(n), t WHERE t.a = 1", "t.a Equal 1")]
    [InlineData("SELECT * FROM main.t WHERE main.t.a = 1", "t.a Equal 1")]
    [InlineData("SELECT * FROM t WHERE a BETWEEN 1 AND 2 AND b = 3", "t.a Range 1; t.a Range 2; t.b Equal 3")]
    [InlineData("SELECT * FROM t WHERE a = 1 OR b = 2", "t.a Equal 1 or; t.b Equal 2 or")]
    [InlineData("SELECT * FROM t WHERE (a = 1 AND (b IS NULL))", "t.a Equal 1; t.b IsNull ")]
    [InlineData("SELECT * FROM t WHERE a IS NOT NULL AND b IS 3", "t.a NotNull ")]
    [InlineData("SELECT * FROM t WHERE NOT a = 1 AND b NOT IN (1) AND c", "t.c NotNull ")]
    [InlineData("SELECT * FROM t WHERE a IN (1, 2) AND b = ANY($1)", "t.a In (1, 2); t.b In $1")]
    [InlineData("SELECT * FROM t WHERE 3 < a AND 4 >= b", "t.a Range 3; t.b Range 4")]
    [InlineData("SELECT * FROM t WHERE (a, b) > (1, 2)", "t.a Range ")]
    [InlineData("SELECT * FROM t WHERE a = b", "")]
    [InlineData("SELECT * FROM t WHERE a = a + 1", "")]
    [InlineData("SELECT * FROM t WHERE a GLOB 'x*' OR a LIKE $1", "t.a Like $1 or; t.a Like 'x*' or")]
    [InlineData("SELECT * FROM t WHERE doc @> $1 AND '{}' <@ doc", "t.doc Contains $1; t.doc Contains '{}'")]
    [InlineData("SELECT * FROM t WHERE lower(t.a) = 'x'", "t.a Equal 'x' [lower(a)]")]
    [InlineData("SELECT * FROM t WHERE a + b = 1", "")]
    [InlineData("SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND u.a = 1)", "t.id Join ; u.a Equal 1; u.t_id Join ")]
    [InlineData("SELECT * FROM v WHERE a = 9", "t.a Equal 9; t.c Equal 1")]
    [InlineData("SELECT * FROM loop WHERE a = 9", "")]
    [InlineData("SELECT * FROM empty WHERE a = 9", "")]
    [InlineData("SELECT CASE WHEN a = 1 AND b = 2 THEN 1 ELSE 0 END FROM t WHERE c = 1", "t.c Equal 1")]
    [InlineData("SELECT * FROM \"weird name\" w WHERE w.\"select\" = 1", "weird name.select Equal 1")]
    [InlineData("SELECT * FROM t NATURAL JOIN u WHERE a IS DISTINCT FROM 1", "")]
    [InlineData("SELECT * FROM t WHERE a = 1; SELECT * FROM u WHERE a = 2", "t.a Equal 1; u.a Equal 2")]
    [InlineData("SELECT * FROM t WHERE (a = 1", "")]
    public void Conditions_AreReadFromEveryForm(string sql, string expected) =>
        string.Join("; ", QueryAnalyzer.Analyze(sql, Schema).Uses.SelectMany(u => u.Predicates.Select(p => $"{u.Table.Name}.{p.Column} {p.Kind} {p.Value}{(p.InOr ? " or" : "")}{(p.Expression is null ? "" : $" [{p.Expression}]")}")).Order(StringComparer.Ordinal)).ShouldBe(expected);

    [Theory]
    [InlineData("SELECT a FROM t ORDER BY b DESC NULLS LAST, c", "b desc, c", "")]
    [InlineData("SELECT a FROM t ORDER BY a + 1, c", "", "")]
    [InlineData("SELECT a, count(*) FROM t GROUP BY (a), b ORDER BY a ASC LIMIT 5", "a", "a, b")]
    public void OrderAndGroup_AreRead(string sql, string order, string group)
    {
        var use = QueryAnalyzer.Analyze(sql, Schema).UsesOf("T").ShouldHaveSingleItem();
        string.Join(", ", use.Order.Select(o => o.Column + (o.Descending ? " desc" : ""))).ShouldBe(order);
        string.Join(", ", use.Group).ShouldBe(group);
    }

    [Fact]
    public void VolatileCondition_IsMarked()
    {
        var use = QueryAnalyzer.Analyze("SELECT a FROM t WHERE a > now() AND b = 1", Schema).Uses.ShouldHaveSingleItem();
        use.Predicates.Single(p => p.Column == "a").Volatile.ShouldBeTrue();
        use.Predicates.Single(p => p.Column == "b").Volatile.ShouldBeFalse();
        use.Referenced.ShouldBe(["a", "b"]);
    }

    [Fact]
    public void AnyMixOfTokens_IsReadWithoutAnError()
    {
        string[] words = ["SELECT", "FROM", "WHERE", "t", "u", "a", "b", "(", ")", ",", "=", "<", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "WITH", "AS", "UNION", "ALL", "JOIN", "ON", "USING", "GROUP", "BY", "ORDER", "LIMIT", "1", "'x'", "@p", "$1", "?", ";", ".", "*", "CASE", "WHEN", "END", "UPDATE", "SET", "DELETE", "INSERT", "INTO", "VALUES", "\"weird name\"", "v", "DISTINCT", "EXISTS", "LATERAL", "ANY", "COMMIT", "BEGIN", "EXTRACT", "DESC", "--x\n", "/*", "*/", "'", "\""];
        var random = new Random(42);
        for (var i = 0; i < 20_000; i++)
        {
            var sql = string.Join(' ', Enumerable.Range(0, random.Next(1, 24)).Select(_ => words[random.Next(words.Length)]));
            try
            {
                var foreign = QueryAnalyzer.Analyze(sql, Schema).Uses.SelectMany(u => u.Predicates.Where(p => u.Table.Column(p.Column) is null)).ToList();
                foreign.Count.ShouldBe(0, sql);
                SqlNormalizer.Normalize(sql, DatabaseEngine.Postgres);
            }
            catch (Exception e) when (e is not Shouldly.ShouldAssertException)
            {
                throw new InvalidOperationException($"round {i}: {sql}", e);
            }
        }
    }

    static TableInfo Table(string name, params string[] columns) => new(name, [.. columns.Select(c => new ColumnInfo(c, c == "doc" ? "jsonb" : "text", false))], ["id"], [], 1000);
}
