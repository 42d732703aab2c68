using Fettle.Databases.Sql;

namespace Fettle.Databases.Tests.Sql;

public class SqlNormalizerTests
{
    [Theory]
    [InlineData("select  *  from t where a='x' and b = 12", "SELECT * FROM t WHERE a = ? AND b = ?")]
    [InlineData("SELECT a FROM t WHERE b IN (1, 2,3)", "SELECT a FROM t WHERE b IN (?, ...)")]
    [InlineData("SELECT a FROM t WHERE b IN (@p0, @p1)", "SELECT a FROM t WHERE b IN (@p0, ...)")]
    [InlineData("SELECT count(*) FROM t /* c */ ;", "SELECT count(*) FROM t")]
    [InlineData("SELECT \"Odd name\" FROM [a b] WHERE `x y`=@p", "SELECT \"Odd name\" FROM [a b] WHERE `x y` = @p")]
    [InlineData("SELECT 'it''s', x'00ff', 1.5e-3", "SELECT ?, ?, ?")]
    [InlineData("SELECT ünï FROM täble WHERE größe>=-1", "SELECT ünï FROM täble WHERE größe >= - ?")]
    public void Sqlite_Shape(string sql, string shape) => SqlNormalizer.Normalize(sql, DatabaseEngine.Sqlite).ShouldBe(shape);

    [Theory]
    [InlineData("select $$a 'b' $$, $t$x$t$, E'a\\'b' from s.t where d::date=$1", "SELECT ?, ?, ? FROM s.t WHERE d::date = $1")]
    [InlineData("SELECT a->>'k' FROM t WHERE j @> '{}' AND x = ANY(@ids)", "SELECT a ->> ? FROM t WHERE j @> ? AND x = ANY (@ids)")]
    [InlineData("SELECT /* a /* nested */ b */ 1", "SELECT ?")]
    [InlineData("SELECT a[1:2] FROM t", "SELECT a[? : ?] FROM t")]
    public void Postgres_Shape(string sql, string shape) => SqlNormalizer.Normalize(sql, DatabaseEngine.Postgres).ShouldBe(shape);

    [Theory]
    [InlineData("SELECT * FROM a, b AS x JOIN c ON c.id = x.id WHERE EXISTS (SELECT 1 FROM d)", "a b c d", "")]
    [InlineData("INSERT OR REPLACE INTO t(a) SELECT a FROM u", "t u", "t")]
    [InlineData("UPDATE t SET a = 1 WHERE b IN (SELECT b FROM v)", "t v", "t")]
    [InlineData("WITH x AS (SELECT * FROM a), y(b) AS (SELECT 1 FROM x) SELECT * FROM x JOIN y ON 1", "a", "")]
    [InlineData("DELETE FROM s.t WHERE id = 1", "t", "t")]
    [InlineData("SELECT EXTRACT(year FROM d) FROM t WHERE a IS DISTINCT FROM b", "t", "")]
    [InlineData("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "t", "t")]
    [InlineData("SELECT * FROM (SELECT * FROM inner_t) q, generate_series(1, 2) g", "inner_t", "")]
    [InlineData("SELECT * FROM t FOR UPDATE", "t", "")]
    [InlineData("WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d", "t", "t")]
    [InlineData("SELECT a FROM \"Order\" o LEFT JOIN `odd one` i USING (id)", "odd one Order", "")]
    public void Statement_Tables(string sql, string tables, string written)
    {
        var statement = SqlStatement.Analyze(SqlTokenizer.Read(sql, sql.Contains('`') ? DatabaseEngine.Sqlite : DatabaseEngine.Postgres));
        string.Join(' ', statement.Tables).ShouldBe(tables);
        string.Join(' ', statement.WrittenTables).ShouldBe(written);
    }

    /// <summary>Whatever the text, tokens cover it in order, never overlap and never fail.</summary>
    [Fact]
    public void RandomText_NeverFails()
    {
        var random = new Random(7);
        const string Alphabet = "abSELECT'\"`[]()$$@:?.,;-/*0123456789eEx \n\\üλ%&|<>=!";
        for (var round = 0; round < 20_000; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            foreach (var engine in Enum.GetValues<DatabaseEngine>())
            {
                var tokens = SqlTokenizer.Read(text, engine);
                var end = 0;
                foreach (var token in tokens)
                {
                    token.Start.ShouldBeGreaterThanOrEqualTo(end);
                    token.Length.ShouldBeGreaterThan(0);
                    end = token.Start + token.Length;
                }

                end.ShouldBeLessThanOrEqualTo(text.Length);
                SqlNormalizer.Normalize(text, engine).ShouldNotBeNull();
                SqlStatement.Analyze(tokens).ShouldNotBeNull();
            }
        }
    }
}
