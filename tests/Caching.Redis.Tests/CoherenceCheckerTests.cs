using System.Globalization;
using Fettle.Testing;
using Xunit.Abstractions;

namespace Fettle.Caching.Redis.Tests;

/// <summary>Runs the checker for seconds, or for <c>FETTLE_SOAK</c> minutes; <c>FETTLE_SEED</c> repeats a seed.</summary>
public class CoherenceCheckerTests(TierFixture fixture, ITestOutputHelper output) : IClassFixture<TierFixture>
{
    static readonly double Minutes = double.TryParse(Environment.GetEnvironmentVariable("FETTLE_SOAK"), CultureInfo.InvariantCulture, out var minutes) ? minutes : 0;

    [RequiresRedisFact]
    [Trait("Category", "Slow")]
    public async Task TwoNodes_UnderKillsStopsAndCuts_KeepThePromise()
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FETTLE_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next(1_000_000);
        var round = Minutes > 0 ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(6);
        var (reads, writes, faults, rounds) = (0L, 0L, 0, 0);
        do
        {
            await using var server = await RedisServer.StartAsync();
            await using var checker = new CoherenceChecker(seed + rounds, fixture, server, oneLoadPerCluster: rounds % 2 == 0);
            output.WriteLine($"seed {seed + rounds}");
            await checker.RunAsync(round);
            reads += checker.Reads;
            writes += checker.Writes;
            faults += checker.FaultCount;
            rounds++;
        }
        while (time.GetElapsedTime(start) < TimeSpan.FromMinutes(Minutes) || rounds < 2);

        output.WriteLine($"{rounds} rounds, {reads} reads, {writes} writes, {faults} faults, no broken promise");

        // How much happens depends on the machine; that nothing happened would prove nothing.
        reads.ShouldBeGreaterThan(50);
        writes.ShouldBeGreaterThan(5);
        faults.ShouldBeGreaterThan(0);
    }
}
