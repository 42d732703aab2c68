namespace Fettle.LoadTesting.Server;

/// <summary>What the target's process and its machine did up to a moment. Rates are since the sample before; NaN where unknown.</summary>
/// <param name="Seconds">After the beginning of the run.</param>
/// <param name="CpuPercent">Of one core, so that two busy cores are 200.</param>
/// <param name="MemoryMegabytes">Resident memory.</param>
/// <param name="Threads">Threads of the process.</param>
/// <param name="OpenFiles">Open file descriptors.</param>
/// <param name="VoluntarySwitches">Voluntary context switches per second: waiting for locks, I/O, work.</param>
/// <param name="ForcedSwitches">Involuntary context switches per second: waiting for a processor.</param>
/// <param name="DiskReadKilobytes">Read from storage per second.</param>
/// <param name="DiskWriteKilobytes">Written to storage per second.</param>
/// <param name="HostCpuPercent">Of all cores of the machine, 0 to 100.</param>
/// <param name="HostNetworkKilobytes">Received and sent by the machine per second, loopback included.</param>
/// <param name="HostDiskKilobytes">Read and written by the machine's disks per second.</param>
/// <param name="NetworkKilobytes">Received and sent per second in the process's network namespace: the process's own where it has one, as in a container, else the machine's.</param>
public sealed record ProcessSample(
    double Seconds, double CpuPercent, double MemoryMegabytes, int Threads, int OpenFiles, double VoluntarySwitches, double ForcedSwitches,
    double DiskReadKilobytes, double DiskWriteKilobytes, double HostCpuPercent, double HostNetworkKilobytes, double HostDiskKilobytes, double NetworkKilobytes);

/// <summary>A straight line through measured points.</summary>
/// <param name="Slope">Change per unit of x.</param>
/// <param name="HalfWidth">Half the width of the 95 % interval of the slope.</param>
public readonly record struct Trend(double Slope, double HalfWidth)
{
    /// <summary>Whether the slope differs from zero with 95 % confidence.</summary>
    public bool Significant => Math.Abs(Slope) > HalfWidth;

    /// <summary>Least squares; NaN with fewer than three points. Neighbouring errors that resemble each other widen the interval (first-order autocorrelation).</summary>
    internal static Trend Of(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Count < 3)
        {
            return new Trend(double.NaN, double.NaN);
        }

        var (mx, my) = (points.Average(p => p.X), points.Average(p => p.Y));
        var sxx = points.Sum(p => (p.X - mx) * (p.X - mx));
        var slope = sxx == 0 ? 0 : points.Sum(p => (p.X - mx) * (p.Y - my)) / sxx;
        var errors = points.Select(p => p.Y - my - slope * (p.X - mx)).ToArray();
        var squares = errors.Sum(e => e * e);
        var likeness = squares == 0 ? 0 : Math.Clamp(errors.Zip(errors.Skip(1), (a, b) => a * b).Sum() / squares, 0, 0.99);
        var independent = Math.Max(3, points.Count * (1 - likeness) / (1 + likeness));
        var half = 1.96 * Math.Sqrt(squares / Math.Max(1, independent - 2) / (sxx == 0 ? 1 : sxx / points.Count * independent));
        return new Trend(slope, half);
    }
}
