using Fettle.Bench.Rivals;
using Fettle.Shared.Results;
using Fettle.Tuning.Verification;

namespace Fettle.Bench.Micro.Tuning;

/// <summary>Live loops with an action that does nothing: two nginx processes, a new pair each loop.</summary>
internal sealed class LiveIdleBench : IBenchmark
{
    const int Loops = 20;

    /// <summary>The shortest rounds that there are: the noisiest, and twenty loops hold a machine for a minute and a half.</summary>
    static readonly Pace Pace = new(5, 9, 4, 4, 10, TimeSpan.FromSeconds(0.07), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.07), TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.2));

    public string Name => "tuning-live-idle";

    public string Summary => "20 live loops of an action that does nothing, against two nginx processes";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var ends = new List<LiveEnd>();
        for (var loop = 1; loop <= Loops; loop++)
        {
            using var first = new LoadTarget();
            using var second = new LoadTarget();
            await first.ReadyAsync();
            await second.ReadyAsync();
            ends.Add(await LiveLoop.RunAsync(new Uri(first.Url), new Uri(second.Url), new Uri(second.Url), "/", Pace, loop));
        }

        LiveLoop.Report(result, "Live loops of an idle action", ends);
    }
}
