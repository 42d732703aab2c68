using System.Diagnostics;
using Fettle.Shared.Results;
using Fettle.Tuning.Tests.Fakes;
using Fettle.Tuning.Verification;

namespace Fettle.Bench.Micro.Tuning;

/// <summary>
/// Live loops of an action that gains ten per cent: services that answer after 44 and after 40 ms. Timers of .NET fire at the clock's ticks, which are 4 ms apart on
/// many machines: of 11 and 10 ms they make the same.
/// </summary>
internal class LiveGainBench : IBenchmark
{
    const double Before = 44;
    const double After = 40;

    /// <summary>
    /// The first look and the steps of a full run, in rounds of a third of their length: five loops hold a machine for two minutes. Rounds of a tenth of a
    /// second, as a quick run has them, decide nothing of this size: one hiccup is a tenth of what they measure.
    /// </summary>
    static readonly Pace Pace = new(6, 12, 3, 6, 60, TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(0.7), TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(0.5));

    protected virtual int Loops => 5;

    public virtual string Name => "tuning-live-gain";

    public virtual string Summary => "5 live loops of an action that gains 10 %";

    protected virtual string Title => "Live loops of an action that gains 10 %";

    public virtual async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var ends = new List<LiveEnd>();
        for (var loop = 1; loop <= Loops; loop++)
        {
            await using var before = new FakeService(Before);
            await using var same = new FakeService(Before);
            await using var after = new FakeService(After);
            ends.Add(await LiveLoop.RunAsync(before.Url, same.Url, after.Url, "/api/v1/answer", Pace, loop));
        }

        LiveLoop.Report(result, Title, ends);
    }
}

/// <summary>The same with a load beside: as many processes as processors that work in bursts.</summary>
internal sealed class LiveGainBesideLoadBench : LiveGainBench
{
    const string Burst = "while :; do i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done; sleep 0.2; done";

    /// <summary>Loops on a loud machine go on to the last round.</summary>
    protected override int Loops => 3;

    public override string Name => "tuning-live-gain-loaded";

    public override string Summary => "the same beside processes that take all processors in bursts";

    protected override string Title => "Live loops of an action that gains 10 %, beside bursts of load";

    public override async Task RunAsync(ResultDocument result, string[] arguments)
    {
        Process[] beside = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Process.Start("sh", ["-c", Burst]))];
        try
        {
            await base.RunAsync(result, arguments);
        }
        finally
        {
            foreach (var process in beside)
            {
                process.Kill();
                await process.WaitForExitAsync();
                process.Dispose();
            }
        }
    }
}
