using System.Diagnostics.Metrics;

namespace Fettle.Databases.Tests.Pools;

public class PoolTests
{
    [Fact]
    public async Task Meters_ShowUseWaitsAndTimeouts()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        Database? mine = null;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == PoolMeters.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = instrument.Name + "|" + string.Join('|', tags.ToArray().Select(t => t.Value));
            lock (seen)
            {
                seen[key] = Math.Max(seen.GetValueOrDefault(key), value);
            }
        }

        listener.SetMeasurementEventCallback<int>((i, v, t, _) => Note(i, v, t));
        listener.SetMeasurementEventCallback<long>((i, v, t, _) => Note(i, v, t));
        listener.SetMeasurementEventCallback<double>((i, v, t, _) => Note(i, v, t));
        listener.Start();
        await using var test = new TemporaryDatabase(new DatabaseOptions { MaxConnections = 977, Burst = 0, WriteTimeout = TimeSpan.FromMilliseconds(20) });
        mine = test.Database;
        await test.RunAsync("CREATE TABLE t(id INTEGER)");
        await using var read = await mine.OpenReadAsync();
        await using (await mine.OpenWriteAsync())
        {
            (await Should.ThrowAsync<PoolExhaustedException>(async () => await mine.OpenWriteAsync())).Pool.ShouldBe("write");
            listener.RecordObservableInstruments();
        }

        seen[PoolMeters.Limit + "|read"].ShouldBeGreaterThanOrEqualTo(977);
        seen[PoolMeters.Connections + "|read|used"].ShouldBeGreaterThanOrEqualTo(1);
        seen[PoolMeters.Connections + "|write|used"].ShouldBeGreaterThanOrEqualTo(1);
        seen[PoolMeters.Timeouts + "|write"].ShouldBeGreaterThanOrEqualTo(1);
        seen.ShouldContainKey(PoolMeters.Waiting + "|write");
        seen.ShouldContainKey(PoolMeters.WaitTime + "|read");
        seen.ShouldContainKey(PoolMeters.UseTime + "|write");
        seen.ShouldContainKey(PoolMeters.Age + "|read");
    }

    [Fact]
    public async Task Curve_IsMeasuredForEverySize_AndAnAdviceFollows()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)");
        var curve = await PoolMeasurement.RunAsync(test.Address, "SELECT id FROM t", TimeSpan.FromMilliseconds(10));
        curve.Select(c => c.Connections).ShouldBe([1, 2, 4, 8, 16, 32]);
        curve.ShouldAllBe(c => c.PerSecond > 0 && c.Milliseconds > 0);
        PoolAdvice.FromCurve(curve).Connections.ShouldBeOneOf(1, 2, 4, 8, 16, 32);
        Should.Throw<ArgumentException>(() => PoolAdvice.FromCurve([]));
    }

    [Fact]
    public async Task Pragmas_ReachEveryConnection()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { Pragmas = new SqlitePragmas { CacheMiB = 3, MmapMiB = 0, DurableCommits = true, TempInMemory = false } });
        await test.RunAsync("CREATE TABLE t(id INTEGER)");
        (await test.Database.QueryAsync("PRAGMA cache_size"))[0][0].ShouldBe(-3072L);
        (await test.Database.QueryAsync("PRAGMA synchronous"))[0][0].ShouldBe(2L);
        Should.Throw<ArgumentOutOfRangeException>(() => new SqlitePragmas { CacheMiB = 0 }).Message.ShouldContain("between 1 and 4096");
    }

    [Fact]
    public async Task FileRemovedUnderAnIdleConnection_IsNotReadOn()
    {
        await using var test = new TemporaryDatabase(new DatabaseOptions { HealthCheckAfter = TimeSpan.Zero, DataVersions = false });
        await test.RunAsync("CREATE TABLE t(id INTEGER)", "INSERT INTO t VALUES (1)");
        await test.Database.QueryAsync("SELECT * FROM t");
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(test.File + suffix);
        }

        await Should.ThrowAsync<FileNotFoundException>(() => test.Database.QueryAsync("SELECT * FROM t"));
    }

    [Fact]
    public async Task HundredRequestsASecondFromFiftyUsers_MeetNoTimeout()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, n INT)", "INSERT INTO t(n) VALUES (1), (2)");
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_000), new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
        {
            await test.Database.QueryAsync("SELECT n FROM t WHERE id = @id", ("id", 1 + i % 2));
            if (i % 20 == 0)
            {
                await test.RunAsync("UPDATE t SET n = n + 1");
            }
        });
        test.Database.Pools.Sum(p => p.Timeouts).ShouldBe(0);
        test.Database.Pools.ShouldAllBe(p => p.MeanHeldMilliseconds > 0 && p.MeanWaitMilliseconds >= 0);
    }
}
