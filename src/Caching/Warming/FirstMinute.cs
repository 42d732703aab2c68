namespace Fettle.Caching;

/// <summary>
/// The first minute after a warming, beside the same requests without it. Without the warming the first request of each key that it
/// loaded would have been a miss, and the later ones hits all the same, so no second start is needed to compare.
/// </summary>
/// <param name="Seconds">Seconds that were counted: 60, or fewer while the minute runs.</param>
/// <param name="Requests">Hits and misses in that time.</param>
/// <param name="HitRatePercent">Hits in percent of requests, warmed; null without requests.</param>
/// <param name="ColdHitRatePercent">The same if the warming had loaded nothing.</param>
/// <param name="WarmedKeys">Keys that warmings have loaded.</param>
/// <param name="AskedKeys">How many of them were asked for in that time, for the first time.</param>
public sealed record FirstMinute(double Seconds, long Requests, double? HitRatePercent, double? ColdHitRatePercent, long WarmedKeys, long AskedKeys);
