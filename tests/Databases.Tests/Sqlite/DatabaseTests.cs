using Microsoft.Data.Sqlite;

namespace Fettle.Databases.Tests.Sqlite;

public class DatabaseTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WrittenRow_IsReadBack_WithAndWithoutPooling(bool pooling)
    {
        await using var test = new TemporaryDatabase();
        test.Database.Pooling = pooling;
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t(name) VALUES ('a'), ('b')");
        for (var i = 0; i < 3; i++)
        {
            var rows = await test.Database.QueryAsync("SELECT name FROM t WHERE id = @id", ("id", 2L));
            rows.ShouldHaveSingleItem()[0].ShouldBe("b");
        }
    }

    [Fact]
    public async Task PooledLeases_ReuseTheConnection_FreshOnesDoNot()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        async Task<object> Inner()
        {
            await using var lease = await test.Database.OpenReadAsync();
            return Database.Unwrap(lease);
        }

        var first = await Inner();
        (await Inner()).ShouldBeSameAs(first);
        test.Database.Pooling = false;
        (await Inner()).ShouldNotBeSameAs(first);
        test.Database.Pools.Single(p => p.Name == "read").Open.ShouldBe(1);
    }

    [Fact]
    public async Task WriteOnReadLease_IsRefused()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        await using var lease = await test.Database.OpenReadAsync();
        await using var command = lease.Command("INSERT INTO t VALUES (1)");
        Should.Throw<InvalidOperationException>(() => command.ExecuteNonQuery()).Message.ShouldContain("OpenWriteAsync");
    }

    [Fact]
    public async Task Journal_IsWal_AndEngineSaysWhichItIs()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        (await test.Database.QueryAsync("PRAGMA journal_mode"))[0][0].ShouldBe("wal");
        (await test.Database.DescribeEngineAsync()).ShouldBe($"SQLite {SqliteEngine.Version} ({SqliteEngine.Source})");
        Version.Parse(SqliteEngine.Version).ShouldBeGreaterThanOrEqualTo(new Version(3, 35));
    }

    [Fact]
    public async Task MissingFile_NamesTheFileAndTheFix()
    {
        await using var test = new TemporaryDatabase();
        var error = await Should.ThrowAsync<FileNotFoundException>(async () => await test.Database.OpenReadAsync());
        error.Message.ShouldContain(test.File);
        error.Message.ShouldContain("write lease creates it");
    }

    [Fact]
    public async Task UncommittedTransaction_IsRolledBackWhenTheLeaseEnds()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        var lease = await test.Database.OpenWriteAsync();
        var transaction = await lease.BeginTransactionAsync();
        await using (var command = lease.Command("INSERT INTO t VALUES (1)"))
        {
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync();
        }

        await lease.DisposeAsync();
        (await test.Database.QueryAsync("SELECT count(*) FROM t"))[0][0].ShouldBe(0L);
        await test.RunAsync("INSERT INTO t VALUES (1)");
        test.Database.Versions.Get("t").ShouldBe(1);
    }

    [Fact]
    public async Task Exhausted_ThrowsWithRetryAfter()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { MaxConnections = 1, Burst = 0, AcquireTimeout = TimeSpan.FromMilliseconds(20) });
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        await using var held = await test.Database.OpenReadAsync();
        var error = await Should.ThrowAsync<PoolExhaustedException>(async () => await test.Database.OpenReadAsync());
        error.RetryAfter.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        test.Database.Pools.Single(p => p.Name == "read").Timeouts.ShouldBe(1);
    }

    [Fact]
    public async Task Writes_RaiseTheirTablesVersion_InTheSameTransaction()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)", "CREATE TABLE u(id INTEGER PRIMARY KEY)");
        await test.RunAsync("INSERT INTO t VALUES (1, 1)", "UPDATE t SET n = 2");
        test.Database.Versions.Get("T").ShouldBe(2);
        test.Database.Versions.Get("u").ShouldBe(0);
        await using (var lease = await test.Database.OpenWriteAsync())
        {
            await using var transaction = await lease.BeginTransactionAsync();
            await using var command = lease.Command("DELETE FROM t");
            await command.ExecuteNonQueryAsync();
            test.Database.Versions.Get("t").ShouldBe(2);
            await transaction.RollbackAsync();
        }

        test.Database.Versions.Get("t").ShouldBe(2);
        await using var other = Database.Open(test.Address);
        await other.Versions.RefreshAsync(TimeSpan.Zero);
        other.Versions.Get("t").ShouldBe(2);
    }

    [Fact]
    public async Task TransactionBegunByText_RaisesAtItsCommit()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)", "BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)", "COMMIT");
        test.Database.Versions.Get("t").ShouldBe(1);
        await test.RunAsync("BEGIN", "INSERT INTO t VALUES (2)", "ROLLBACK");
        test.Database.Versions.Get("t").ShouldBe(1);
    }

    [Fact]
    public async Task ReturningReader_CommitsWithItsVersionWhenClosed()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)");
        await using (var lease = await test.Database.OpenWriteAsync())
        {
            await using var command = lease.Command("INSERT INTO t(n) VALUES (7) RETURNING id");
            await using var reader = await command.ExecuteReaderAsync();
            (await reader.ReadAsync()).ShouldBeTrue();
            reader.GetInt64(0).ShouldBe(1);
        }

        test.Database.Versions.Get("t").ShouldBe(1);
        (await test.Database.QueryAsync("SELECT count(*) FROM t"))[0][0].ShouldBe(1L);
    }

    [Fact]
    public async Task StatementCache_SurvivesParameterReuseAndSchemaChange()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)", "INSERT INTO t(n) VALUES (1),(2),(3)");
        for (var i = 1L; i <= 3; i++)
        {
            (await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id", ("id", i)))[0].Length.ShouldBe(2);
        }

        await test.RunAsync("ALTER TABLE t ADD COLUMN m INT");
        (await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id", ("id", 2L)))[0].Length.ShouldBe(3);
    }

    [Fact]
    public async Task MissingParameter_IsAnErrorEvenWhenTheCachedStatementHadOne()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)");
        await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id", ("id", 1L));
        await Should.ThrowAsync<InvalidOperationException>(async () => await test.Database.QueryAsync("SELECT * FROM t WHERE id = @id"));
    }

    [Fact]
    public async Task TwoHundredWriters_NoneIsLockedOut()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, who INT)");
        var errors = 0;
        var readers = Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await test.Database.QueryAsync("SELECT count(*) FROM t");
            }
        }));
        var writers = Enumerable.Range(0, 200).Select(who => Task.Run(async () =>
        {
            try
            {
                await using var lease = await test.Database.OpenWriteAsync();
                await using var transaction = await lease.BeginTransactionAsync();
                for (var i = 0; i < 5; i++)
                {
                    await using var command = lease.Command("INSERT INTO t(who) VALUES (@who)", ("who", who));
                    await command.ExecuteNonQueryAsync();
                }

                await transaction.CommitAsync();
            }
            catch (Exception e) when (e is SqliteException or PoolExhaustedException)
            {
                Interlocked.Increment(ref errors);
            }
        }));
        await Task.WhenAll(readers.Concat(writers));
        errors.ShouldBe(0);
        (await test.Database.QueryAsync("SELECT count(*), count(DISTINCT who) FROM t"))[0].ShouldBe([1000L, 200L]);
        test.Database.Versions.Get("t").ShouldBe(200);
    }
}
