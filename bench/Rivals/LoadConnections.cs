using System.Diagnostics;
using System.Globalization;
using Fettle.LoadTesting;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>15,000 users with a connection each, 500 more each second, 5,000 requests per second together, against one nginx worker.</summary>
internal sealed class LoadConnections : IBenchmark
{
    const int Users = 15_000;

    public string Name => "load-connections";

    public string Summary => "15,000 connections at 5,000 requests per second: processor and memory of the generator";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var seconds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 20;
        using var target = new LoadTarget();
        await target.ReadyAsync();
        var ramp = TimeSpan.FromSeconds(Users / 500);
        var plan = new LoadPlan
        {
            BaseUrl = new Uri(target.Url),
            Model = new UserModel([Stage.Ramp(0, Users, ramp), Stage.Hold(Users, TimeSpan.FromDays(1))]) { ThinkMin = TimeSpan.FromSeconds(3), ThinkMax = TimeSpan.FromSeconds(3) },
            Source = new RequestCycle([LoadRequest.Get("/")]),
            WarmUp = ramp + TimeSpan.FromSeconds(3),
            Duration = TimeSpan.FromSeconds(seconds),
            MaxConnections = Users,
        };
        using var self = Process.GetCurrentProcess();
        var before = Memory(self);
        var peak = before;
        var connections = 0;
        var run = await new LoadGenerator().RunAsync(plan, new Watch(p =>
        {
            connections = Math.Max(connections, p.Connections);
            peak = Math.Max(peak, Memory(self));
        }));
        var wall = plan.WarmUp.TotalSeconds + run.Seconds;
        result.Tables.Add(new ResultTable("15,000 users with a connection each, generator on one core, nginx on the other", ["figure", "value"],
        [
            ["connections open at once", connections.ToString(CultureInfo.InvariantCulture)],
            ["answers per second", Format(run.Throughput)],
            ["failed of counted", $"{run.Failed} of {run.Requests}"],
            ["p50 / p95 / p99 ms", $"{Format(run.Latency.MillisecondsAt(50))} / {Format(run.Latency.MillisecondsAt(95))} / {Format(run.Latency.MillisecondsAt(99))}"],
            ["loop thread, % of a core over the whole run, ramp included", Format(100 * run.Generator.CpuSeconds / wall)],
            ["memory grown, KB per connection", Format((peak - before) / 1024.0 / Math.Max(1, connections))],
            ["generator limited", run.Generator.Limited ? run.Generator.Reason : "no"],
        ], "Memory is the growth of the generator's resident set from before the run to its largest value, divided by the connections; histograms and the heap's slack are within it."));
        result.Histograms["latency"] = run.Latency.ToResultHistogram();
    }

    static long Memory(Process self)
    {
        self.Refresh();
        return self.WorkingSet64;
    }

    static string Format(double value) => value.ToString(value < 100 ? "0.0#" : "0", CultureInfo.InvariantCulture);

    sealed class Watch(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
