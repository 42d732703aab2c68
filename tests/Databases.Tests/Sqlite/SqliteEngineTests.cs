namespace Fettle.Databases.Tests.Sqlite;

public class SqliteEngineTests
{
    [Fact]
    public void Engine_IsTheOneAskedFor()
    {
        SqliteEngine.Source.ShouldBeOneOf("system", "bundled");
        Version.Parse(SqliteEngine.Version).ShouldBeGreaterThanOrEqualTo(new Version(3, 35));
        if (Environment.GetEnvironmentVariable("FETTLE_SQLITE") is { Length: > 0 } wanted)
        {
            SqliteEngine.Source.ShouldBe(wanted);
        }
    }
}
