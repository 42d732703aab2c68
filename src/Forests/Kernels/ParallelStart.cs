using System.Diagnostics;

namespace Fettle.Forests.Kernels;

/// <summary>What it costs to have other threads join in, measured once per process, and the batch that is worth it.</summary>
internal static class ParallelStart
{
    const int Trials = 40;

    /// <summary>Starting the threads may cost at most this share of what they save.</summary>
    const double AllowedShare = 0.1;

    static readonly Lazy<double> Nanoseconds = new(Measure);

    /// <summary>The smallest batch that is spread over threads.</summary>
    public static int RowsFor(double rowNs, int threads)
    {
        var saved = rowNs * (threads - 1) / threads;
        return (int)Math.Clamp(Math.Ceiling(Nanoseconds.Value / AllowedShare / Math.Max(saved, 0.1)), 2, 1 << 24);
    }

    /// <summary>The median of starting a loop of two bodies that do nothing.</summary>
    static double Measure()
    {
        var times = new double[Trials];
        for (var i = 0; i < Trials; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Parallel.For(0, 2, _ => { });
            times[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        }

        Array.Sort(times);
        return times[Trials / 2];
    }
}
