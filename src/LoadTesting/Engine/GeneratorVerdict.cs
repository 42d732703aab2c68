using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine;

/// <summary>
/// Decides whether the generator shaped the latencies it reports. Two signs: its own lag (intended start until the loop looks at the request)
/// is a large part of the tail latency, or its threads waited long for a processor.
/// </summary>
static class GeneratorVerdict
{
    const double LagFloorMilliseconds = 1;
    const double LagShareOfLatency = 0.25;
    const double RunQueueShare = 0.1;

    public static (bool Limited, string Reason) Of(LatencyHistogram dispatchLag, LatencyHistogram latency, ThreadTimes times, double loopSeconds)
    {
        if (dispatchLag.Count == 0)
        {
            // Nothing was counted: either nothing was due, or the loops never got to it.
            return times.RunQueue > RunQueueShare * loopSeconds
                ? (true, $"no request was counted; the generator's threads waited {times.RunQueue:0.0} s of {loopSeconds:0.0} s for a processor")
                : (false, "");
        }

        var lag = dispatchLag.MillisecondsAt(99);
        var tail = latency.MillisecondsAt(99);
        if (lag > LagFloorMilliseconds && lag > LagShareOfLatency * tail)
        {
            return (true, $"the generator started 1 % of the requests more than {lag:0.0} ms late, which is {lag / tail:P0} of the p99 latency of {tail:0.0} ms");
        }

        if (times.RunQueue > RunQueueShare * loopSeconds && lag > LagFloorMilliseconds)
        {
            return (true, $"the generator's threads waited {times.RunQueue:0.0} s of {loopSeconds:0.0} s for a processor");
        }

        return (false, "");
    }
}
