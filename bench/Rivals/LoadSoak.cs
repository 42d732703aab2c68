using System.Globalization;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Server;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>The generator's own memory over a long run: its slope with a confidence interval.</summary>
internal sealed class LoadSoak : IBenchmark
{
    public string Name => "load-soak";

    public string Summary => "Memory of the generator over half an hour";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var minutes = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 30;
        using var target = new LoadTarget();
        await target.ReadyAsync();
        var file = ScenarioReader.Parse($"scenarios: {{ soak: {{ rate: 100, warmup: 60s, duration: {minutes.ToString(CultureInfo.InvariantCulture)}m, requests: [{{ path: / }}] }} }}");
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = new Uri(target.Url), ProcessId = Environment.ProcessId });
        // The runtime's own start, which the warm-up covers, is not the generator's.
        var counted = run.Process.Where(p => p.Seconds > 60).ToArray();
        double Mean(IEnumerable<ProcessSample> samples) => samples.Average(s => s.MemoryMegabytes);
        var memory = run.Memory;
        result.Tables.Add(new ResultTable($"{minutes.ToString(CultureInfo.InvariantCulture)} minutes at 100 requests per second", ["figure", "value"],
        [
            ["requests", run.Overall.Requests.ToString(CultureInfo.InvariantCulture)],
            ["failed", run.Overall.Failed.ToString(CultureInfo.InvariantCulture)],
            ["resident set, first tenth / last tenth, MB", $"{Format(Mean(counted.Take(counted.Length / 10)))} / {Format(Mean(counted.TakeLast(counted.Length / 10)))}"],
            ["resident set, largest, MB", Format(counted.Max(p => p.MemoryMegabytes))],
            ["slope with its 95 % interval, MB per minute", $"{Format(memory.Slope)} ± {Format(memory.HalfWidth)}"],
        ], "The slope is that of the whole run, its first minute included."));
    }

    static string Format(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
