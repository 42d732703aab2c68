using System.Data;
using System.Data.Common;

namespace Fettle.Databases.Tests.Recording;

/// <summary>Every way to run a statement, held against the driver's own answer on the same file.</summary>
public class RecordedCommandTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryWayToExecute_GivesWhatTheDriverGives(bool recording)
    {
        await using var test = await FilledAsync(recording);
        await using var write = await test.Database.OpenWriteAsync();
        await using var read = await test.Database.OpenReadAsync();
        foreach (var connection in new[] { write, read })
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM t WHERE id > @low";
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@low";
            parameter.Value = 1;
            command.Parameters.Add(parameter);
            command.CommandTimeout = 7;
            command.CommandTimeout.ShouldBe(7);
            command.CommandType = CommandType.Text;
            command.CommandType.ShouldBe(CommandType.Text);
            command.UpdatedRowSource = UpdateRowSource.None;
            command.UpdatedRowSource.ShouldBe(UpdateRowSource.None);
            command.Connection.ShouldBeSameAs(connection);
            command.Prepare();
            await command.PrepareAsync();
            command.Cancel();
            command.ExecuteScalar().ShouldBe(2L);
            (await command.ExecuteScalarAsync()).ShouldBe(2L);
            using (var reader = command.ExecuteReader())
            {
                reader.Read().ShouldBeTrue();
                reader.GetInt64(0).ShouldBe(2);
                reader.Read().ShouldBeFalse();
            }

            command.ExecuteNonQuery().ShouldBe(-1);
            (await command.ExecuteNonQueryAsync()).ShouldBe(-1);
            Should.Throw<NotSupportedException>(() => command.Connection = null);
            Should.Throw<ArgumentException>(() => command.Transaction = new ForeignTransaction());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryWayToWrite_RaisesTheVersionOnce(bool recording)
    {
        await using var test = await FilledAsync(recording);
        await using var connection = await test.Database.OpenWriteAsync();
        var version = test.Database.Versions.Get("t");
        async Task Once(Func<DbCommand, Task> run)
        {
            await using (var command = connection.Command("INSERT INTO t(name) VALUES ('x') RETURNING id"))
            {
                await run(command);
            }

            test.Database.Versions.Get("t").ShouldBe(++version);
        }

        await Once(c => Task.FromResult(c.ExecuteNonQuery()));
        await Once(c => c.ExecuteNonQueryAsync());
        await Once(c => Task.FromResult(c.ExecuteScalar()));
        await Once(c => c.ExecuteScalarAsync());
        await Once(c =>
        {
            using var reader = c.ExecuteReader();
            reader.Read().ShouldBeTrue();
            return Task.CompletedTask;
        });
        await Once(async c =>
        {
            await using var reader = await c.ExecuteReaderAsync();
            await reader.CloseAsync();
            reader.Close();
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FailedStatement_CountsAsAnError_AndLeavesNothingOpen(bool recording)
    {
        await using var test = await FilledAsync(recording);
        await using var connection = await test.Database.OpenWriteAsync();
        var version = test.Database.Versions.Get("t");
        foreach (var sql in new[] { "INSERT INTO t(id) VALUES (1)", "SELECT no_such FROM t" })
        {
            await using var command = connection.Command(sql);
            Should.Throw<DbException>(() => command.ExecuteNonQuery());
            await Should.ThrowAsync<DbException>(() => command.ExecuteNonQueryAsync());
            Should.Throw<DbException>(() => command.ExecuteScalar());
            await Should.ThrowAsync<DbException>(() => command.ExecuteScalarAsync());
            Should.Throw<DbException>(() => command.ExecuteReader().Read());
            await Should.ThrowAsync<DbException>(async () => await command.ExecuteReaderAsync());
        }

        test.Database.Versions.Get("t").ShouldBe(version);
        await using (var again = connection.Command("INSERT INTO t(name) VALUES ('after')"))
        {
            again.ExecuteNonQuery().ShouldBe(1);
        }

        if (recording)
        {
            test.Database.Recorder.Snapshot().Single(q => q.Sql.Contains("no_such")).Errors.ShouldBe(6);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReaderThatClosesItsConnection_GivesTheLeaseBack(bool recording)
    {
        await using var test = await FilledAsync(recording);
        foreach (var synchronous in new[] { true, false })
        {
            var connection = await test.Database.OpenReadAsync();
            await using var command = connection.Command("SELECT name FROM t");
            await using (var reader = synchronous ? command.ExecuteReader(CommandBehavior.CloseConnection) : await command.ExecuteReaderAsync(CommandBehavior.CloseConnection))
            {
                (await reader.ReadAsync()).ShouldBeTrue();
                test.Database.Pools[0].InUse.ShouldBe(1);
            }

            connection.State.ShouldBe(ConnectionState.Closed);
            test.Database.Pools[0].InUse.ShouldBe(0);
            Should.Throw<ObjectDisposedException>(() => connection.Open());
            Should.Throw<ObjectDisposedException>(() => connection.ServerVersion.Length + ((DbCommand)connection.Command("SELECT 1")).ExecuteNonQuery());
        }
    }

    [Fact]
    public async Task Reader_PassesEveryValueThrough()
    {
        await using var test = await FilledAsync(recording: true);
        await test.RunAsync(
            "CREATE TABLE all_types(flag INTEGER, text TEXT, real REAL, blob BLOB, day TEXT, none TEXT, id TEXT, letter TEXT)",
            "INSERT INTO all_types VALUES (1, 'ab', 2.5, x'0102', '2024-05-06 07:08:09', NULL, '0f8fad5b-d9cb-469f-a165-70867728950e', 'c')");
        await using var connection = await test.Database.OpenReadAsync();
        await using var command = connection.Command("SELECT * FROM all_types; SELECT 3");
        await using var reader = await command.ExecuteReaderAsync();
        (reader.HasRows, reader.FieldCount, reader.VisibleFieldCount, reader.Depth, reader.IsClosed, reader.RecordsAffected).ShouldBe((true, 8, 8, 0, false, -1));
        reader.Read().ShouldBeTrue();
        (reader.GetBoolean(0), reader.GetByte(0), reader.GetInt16(0), reader.GetInt32(0), reader.GetInt64(0)).ShouldBe((true, (byte)1, (short)1, 1, 1L));
        (reader.GetString(1), reader.GetTextReader(1).ReadToEnd(), reader["text"], reader[1], reader.GetValue(1)).ShouldBe(("ab", "ab", "ab", "ab", "ab"));
        (reader.GetFloat(2), reader.GetDouble(2), reader.GetDecimal(2), reader.GetFieldValue<double>(2)).ShouldBe((2.5f, 2.5, 2.5m, 2.5));
        (await reader.GetFieldValueAsync<double>(2)).ShouldBe(2.5);
        var bytes = new byte[2];
        reader.GetBytes(3, 0, bytes, 0, 2).ShouldBe(2);
        bytes.ShouldBe([1, 2]);
        reader.GetStream(3).Length.ShouldBe(2);
        reader.GetDateTime(4).ShouldBe(new DateTime(2024, 5, 6, 7, 8, 9));
        (reader.IsDBNull(5), await reader.IsDBNullAsync(5), await reader.IsDBNullAsync(0)).ShouldBe((true, true, false));
        reader.GetGuid(6).ShouldBe(Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"));
        reader.GetChar(7).ShouldBe('c');
        var letters = new char[1];
        reader.GetChars(7, 0, letters, 0, 1).ShouldBe(1);
        (reader.GetName(2), reader.GetOrdinal("blob"), reader.GetFieldType(0), reader.GetDataTypeName(0)).ShouldBe(("real", 3, typeof(long), "INTEGER"));
        reader.GetValues(new object[8]).ShouldBe(8);
        reader.GetSchemaTable()!.Rows.Count.ShouldBe(8);
        (await reader.NextResultAsync()).ShouldBeTrue();
        reader.Cast<IDataRecord>().Single().GetInt64(0).ShouldBe(3);
        reader.NextResult().ShouldBeFalse();
    }

    [Fact]
    public async Task Transaction_SavesReleasesAndRollsBack()
    {
        await using var test = await FilledAsync(recording: true);
        await using var connection = await test.Database.OpenWriteAsync();
        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        var version = test.Database.Versions.Get("t");
        using (var transaction = connection.BeginTransaction(IsolationLevel.Serializable))
        {
            transaction.Connection.ShouldBeSameAs(connection);
            transaction.IsolationLevel.ShouldBe(IsolationLevel.Serializable);
            transaction.SupportsSavepoints.ShouldBeTrue();
            Run("INSERT INTO t(name) VALUES ('kept')");
            transaction.Save("a");
            Run("INSERT INTO t(name) VALUES ('lost')");
            transaction.Rollback("a");
            transaction.Release("a");
            transaction.Commit();
        }

        test.Database.Versions.Get("t").ShouldBe(version + 1);
        (await test.Database.QueryAsync("SELECT name FROM t WHERE name IN ('kept', 'lost')")).ShouldHaveSingleItem()[0].ShouldBe("kept");
        using (var transaction = connection.BeginTransaction())
        {
            Run("DELETE FROM t");
            transaction.Rollback();
        }

        await using (await connection.BeginTransactionAsync())
        {
            Run("DELETE FROM t");
        }

        test.Database.Versions.Get("t").ShouldBe(version + 1);
        (await test.Database.QueryAsync("SELECT count(*) FROM t"))[0][0].ShouldBe(4L);
    }

    [Fact]
    public async Task Lease_TellsWhereItIs_AndStaysThere()
    {
        await using var test = await FilledAsync(recording: true);
        await using var connection = await test.Database.OpenReadAsync();
        connection.ConnectionString.ShouldBe(test.Address.ToString());
        connection.Database.ShouldBe("main");
        connection.DataSource.ShouldBe(test.File);
        connection.ServerVersion.ShouldBe(SqliteEngine.Version);
        connection.ToString().ShouldContain("read lease");
        await connection.OpenAsync();
        Should.Throw<NotSupportedException>(() => connection.ConnectionString = "x");
        Should.Throw<NotSupportedException>(() => connection.ChangeDatabase("x"));
        Should.Throw<ArgumentException>(() => Database.Unwrap(Database.Unwrap(connection)));
    }

    [Fact]
    public async Task CommitByText_ShowsItsVersionAfterTheCommit_AndNotWhenItFails()
    {
        await using var test = await FilledAsync(recording: true);
        await test.RunAsync("PRAGMA foreign_keys=ON", "CREATE TABLE child(t INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)");
        var before = test.Database.Versions.Get("child");
        await using (var connection = await test.Database.OpenWriteAsync())
        {
            async Task Run(string sql)
            {
                await using var command = connection.Command(sql);
                await command.ExecuteNonQueryAsync();
            }

            await Run("PRAGMA foreign_keys=ON");
            await Run("BEGIN");
            await Run("INSERT INTO child VALUES (999)");
            await Should.ThrowAsync<DbException>(() => Run("COMMIT"));
            test.Database.Versions.Get("child").ShouldBe(before);
            await Run("DELETE FROM child");
            await Run("COMMIT");
        }

        test.Database.Versions.Get("child").ShouldBeGreaterThan(before);
        await using var other = Database.Open(test.Address);
        await other.Versions.RefreshAsync(TimeSpan.Zero);
        other.Versions.Get("child").ShouldBe(test.Database.Versions.Get("child"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WholeTransactionInOneText_RaisesItsVersionsBeforeItReturns(bool recording)
    {
        await using var test = await FilledAsync(recording);
        var before = test.Database.Versions.Get("t");
        await test.RunAsync("BEGIN; INSERT INTO t(name) VALUES ('one'); COMMIT");
        test.Database.Versions.Get("t").ShouldBe(before + 1);
    }

    static async Task<TemporaryDatabase> FilledAsync(bool recording)
    {
        var test = new TemporaryDatabase(new DatabaseOptions { Recording = recording });
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t(name) VALUES ('a'), ('b'), ('c')");
        return test;
    }

    sealed class ForeignTransaction : DbTransaction
    {
        public override IsolationLevel IsolationLevel => IsolationLevel.Unspecified;

        protected override DbConnection? DbConnection => null;

        public override void Commit()
        {
        }

        public override void Rollback()
        {
        }
    }
}
