using System.Diagnostics;

namespace Fettle.Bench;

/// <summary>
/// Times several bodies in one run, in turn, round after round, so that a drifting machine moves all of them alike.
/// Report ratios of medians; allocation is exact and is the figure to gate on.
/// </summary>
internal static class Interleaved
{
    /// <param name="rounds">Counted rounds after one warm-up round per body.</param>
    /// <param name="bodies">Name, operations one call performs, and the call.</param>
    public static IReadOnlyList<Timing> Measure(int rounds, params (string Name, long Operations, Action Body)[] bodies)
    {
        var nanoseconds = new double[bodies.Length][];
        var bytes = new double[bodies.Length];
        for (var b = 0; b < bodies.Length; b++)
        {
            nanoseconds[b] = new double[rounds];
            bodies[b].Body();
        }

        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < bodies.Length; i++)
            {
                var b = (i + round) % bodies.Length;
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                var start = Stopwatch.GetTimestamp();
                bodies[b].Body();
                nanoseconds[b][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / bodies[b].Operations;
                bytes[b] = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / bodies[b].Operations;
            }
        }

        return [.. bodies.Select((body, b) => new Timing(body.Name, Median(nanoseconds[b]), nanoseconds[b].Min(), nanoseconds[b].Max(), bytes[b]))];
    }

    static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>Nanoseconds and bytes per operation; bytes count the calling thread only.</summary>
internal sealed record Timing(string Name, double MedianNs, double MinNs, double MaxNs, double BytesPerOperation);
