using System.Globalization;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>Seconds a thread ran and seconds it was runnable without a processor (/proc/…/schedstat); NaN where unknown.</summary>
readonly record struct ThreadTimes(double Cpu, double RunQueue)
{
    public static ThreadTimes Unknown { get; } = new(double.NaN, double.NaN);

    public static ThreadTimes operator -(ThreadTimes a, ThreadTimes b) => new(a.Cpu - b.Cpu, a.RunQueue - b.RunQueue);

    public static ThreadTimes operator +(ThreadTimes a, ThreadTimes b) => new(a.Cpu + b.Cpu, a.RunQueue + b.RunQueue);

    public static ThreadTimes OfThisThread()
    {
        try
        {
            var fields = File.ReadAllText($"/proc/self/task/{Libc.ThreadId()}/schedstat").Split(' ');
            return new ThreadTimes(long.Parse(fields[0], CultureInfo.InvariantCulture) / 1e9, long.Parse(fields[1], CultureInfo.InvariantCulture) / 1e9);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EntryPointNotFoundException or FormatException)
        {
            return Unknown;
        }
    }
}
