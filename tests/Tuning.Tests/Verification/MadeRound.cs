using Fettle.LoadTesting;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

/// <summary>Rounds without a service.</summary>
internal static class MadeRound
{
    public static SideRound Side(double milliseconds, long failed = 0, Random? random = null)
    {
        var latency = new LatencyHistogram();
        for (var i = 0; i < 60; i++)
        {
            latency.Record(TimeSpan.FromMilliseconds(milliseconds * (random is null ? 1 : 0.97 + 0.06 * random.NextDouble())));
        }

        return new SideRound(latency, 60, failed, 1000 / milliseconds, milliseconds / 2, false, 100, failed > 0 ? "status 500 on x: oops" : null);
    }

    public static RoundRecord Round(double before, double after, long failedBefore = 0, long failedAfter = 0) => new(false, Side(before, failedBefore), Side(after, failedAfter));
}
