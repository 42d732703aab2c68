namespace Fettle.AspNetCore;

/// <summary>One second of the service. Short names: it is sent every second to everyone who watches.</summary>
/// <param name="Id">Consecutive number, the event's id.</param>
/// <param name="T">End of the second, milliseconds since 1970.</param>
/// <param name="Rps">Requests per second.</param>
/// <param name="Eps">Answers of status 500 and above per second.</param>
/// <param name="P50">Median in milliseconds, null without requests.</param>
/// <param name="P95">95th percentile in milliseconds.</param>
/// <param name="P99">99th percentile in milliseconds.</param>
/// <param name="Cpu">Percent of all cores that this process used.</param>
/// <param name="Mem">Working set in MB.</param>
/// <param name="Gc">Percent of the time since the last collection's measurement that the collector paused the process.</param>
/// <param name="Flight">Requests that have begun and not ended.</param>
/// <param name="Queue">Work that waits for a thread.</param>
/// <param name="Pool">Percent of the busiest connection pool in use, null without a database.</param>
/// <param name="Hit">Cache hits in percent of the second's reads, null without reads.</param>
/// <param name="Marks">What changed in that second, null when nothing did.</param>
internal sealed record LiveSample(
    long Id, long T, double Rps, double Eps, double? P50, double? P95, double? P99, double Cpu, double Mem, double Gc,
    long Flight, long Queue, double? Pool, double? Hit, IReadOnlyList<string>? Marks);

/// <summary>What a watcher gets first: the seconds it missed, at most ten minutes of them.</summary>
internal sealed record LiveHistory(string Schema, int Processors, IReadOnlyList<LiveSample> Samples)
{
    public const string CurrentSchema = "fettle.live/1";
}
