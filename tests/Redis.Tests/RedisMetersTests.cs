using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Fettle.Testing;

namespace Fettle.Redis.Tests;

public class RedisMetersTests(RedisServerFixture fixture) : IClassFixture<RedisServerFixture>
{
    [RequiresRedisFact]
    public async Task Counters_MatchWhatWasDone()
    {
        var seen = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == RedisMeters.MeterName && instrument.Meter.Tags!.Any(t => Equals(t.Value, "meter-test")))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();
        await using var redis = await RedisConnection.ConnectAsync(fixture.Options with { ClientName = "meter-test" });
        for (var i = 0; i < 10; i++)
        {
            await redis.SetAsync("metered", "value");
        }

        await Should.ThrowAsync<RedisServerException>(async () => await redis.ExecuteAsync("LPUSH", "metered", "x"));
        listener.RecordObservableInstruments();
        seen["fettle.redis.commands"].ShouldBeGreaterThanOrEqualTo(11);
        seen["fettle.redis.errors"].ShouldBe(1);
        seen["fettle.redis.connects"].ShouldBe(1);
        seen["fettle.redis.connected"].ShouldBe(1);
        seen["fettle.redis.pending"].ShouldBe(0);
        seen["fettle.redis.sent"].ShouldBeGreaterThan(300);
        seen["fettle.redis.received"].ShouldBeGreaterThanOrEqualTo(50);
        redis.Statistics.Commands.ShouldBe(seen["fettle.redis.commands"]);
    }

    [RequiresRedisFact]
    public async Task Gets_InTheSteadyState_AllocateLittleBesidesTheValue()
    {
        await using var redis = await fixture.ConnectAsync();
        await redis.SetAsync("small", new byte[512]);

        // The whole process is counted, so the smallest of several rounds is the one nothing else disturbed.
        var least = double.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < 2000; i++)
            {
                await redis.GetAsync("small");
            }

            least = Math.Min(least, ((GC.GetTotalAllocatedBytes(precise: true) - before) / 2000.0) - 536);
        }

        least.ShouldBeLessThan(300);
    }
}
