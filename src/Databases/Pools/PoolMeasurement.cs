using System.Diagnostics;

namespace Fettle.Databases;

/// <summary>Measures how throughput and latency depend on the number of connections: the curve from which a pool size follows.</summary>
public static class PoolMeasurement
{
    static readonly int[] Sizes = [1, 2, 4, 8, 16, 32];

    /// <summary>Runs a reading statement in closed loops of 1, 2, 4 … 32 connections.</summary>
    /// <param name="address">The database.</param>
    /// <param name="sql">A reading statement without parameters.</param>
    /// <param name="each">Time for each size.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<IReadOnlyList<(int Connections, double PerSecond, double Milliseconds)>> RunAsync(DatabaseAddress address, string sql, TimeSpan each, CancellationToken cancellation = default)
    {
        var curve = new List<(int, double, double)>();
        foreach (var size in Sizes)
        {
            await using var database = Database.Open(address, new DatabaseOptions { MaxConnections = size, Burst = 0, MinConnections = 1, Recording = false, DataVersions = false });
            var calls = 0L;
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, size).Select(_ => Task.Run(
                async () =>
                {
                    // At least one call each, however short the time: a size without a call has no place on a curve.
                    do
                    {
                        cancellation.ThrowIfCancellationRequested();
                        await using var connection = await database.OpenReadAsync(cancellation).ConfigureAwait(false);
                        await using var command = connection.CreateCommand();
                        command.CommandText = sql;
                        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
                        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
                        {
                        }

                        Interlocked.Increment(ref calls);
                    }
                    while (Stopwatch.GetElapsedTime(start) < each);
                },
                cancellation))).ConfigureAwait(false);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            curve.Add((size, calls / seconds, 1000 * seconds * size / Math.Max(1, calls)));
        }

        return curve;
    }
}
