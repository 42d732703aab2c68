using System.Diagnostics;

namespace Fettle.LoadTesting.Engine;

/// <summary>The clock of the event loops: nanoseconds since an arbitrary moment, never backwards.</summary>
static class MonotonicClock
{
    static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    public static long Nanoseconds
    {
        get
        {
            var ticks = Stopwatch.GetTimestamp();
            return Stopwatch.Frequency == 1_000_000_000 ? ticks : (long)(ticks * NanosecondsPerTick);
        }
    }

    public static long From(TimeSpan span) => span.Ticks >= long.MaxValue / 200 ? long.MaxValue / 2 : span.Ticks * 100;
}
