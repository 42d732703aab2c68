using System.CommandLine;
using System.Globalization;
using Fettle.LoadTesting.Scaling;
using Fettle.LoadTesting.Scenarios;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle scale run TARGET --instance 'COMMAND {port}'</c>: instances behind a real nginx, scaled by their processor use while load runs.</summary>
internal static class ScaleCommand
{
    public static Command Create()
    {
        var command = new Command("scale", "Scale local instances of a service behind nginx while load runs");
        command.Subcommands.Add(Run());
        return command;
    }

    static Command Run()
    {
        var target = new Argument<string>("target") { Description = "A path beginning with '/', or a scenario file (.yaml); its target is replaced by the balancer" };
        var instance = new Option<string>("--instance") { Description = "Shell command of one instance; {port} becomes its port on 127.0.0.1", Required = true };
        var load = new LoadOptions();
        var scale = new ScaleFlags();
        var command = new Command("run", "Put nginx in front of instances, add one while the processor use is high, remove one while it is low") { target, instance };
        load.AddTo(command);
        scale.AddTo(command);
        command.SetAction(async (parse, cancellation) =>
        {
            var text = parse.GetValue(target)!;
            var options = scale.Read(parse, parse.GetValue(instance)!);
            var settings = load.Read(parse);
            return await LoadRun.RunAsync(text.StartsWith('/') && !File.Exists(text) ? "http://127.0.0.1" + text : text, settings, parse.CommandLineText(), cancellation, async (file, run, live, ending) =>
            {
                ScenarioRun? outcome = null;
                var record = await new ScaleRunner().RunAsync(options, async (url, stop) => outcome = await new ScenarioRunner().RunAsync(file, run with { Target = url }, live, stop), new Telling(), ending);
                return outcome! with { Scaling = record };
            });
        });
        return command;
    }

    /// <summary>Events go to the terminal as they come.</summary>
    sealed class Telling : IProgress<ScalingEvent>
    {
        public void Report(ScalingEvent value) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{value.Seconds,7:0.0} s  {value.What}{(value.ProcessId == 0 ? "" : $" {value.Instance} (process {value.ProcessId})")}, {value.Instances} instances: {value.Cause}"));
    }
}

/// <summary>The options of scaling.</summary>
internal sealed class ScaleFlags
{
    readonly Option<int> _min = new("--min") { Description = "Fewest instances", DefaultValueFactory = _ => 2 };
    readonly Option<int> _max = new("--max") { Description = "Most instances", DefaultValueFactory = _ => 10 };
    readonly Option<double> _cores = new("--instance-cpu") { Description = "Cores that an instance may use; it is stopped for the rest of its share", DefaultValueFactory = _ => 1 };
    readonly Option<double> _out = new("--cpu-out") { Description = "Processor use in percent above which one is added", DefaultValueFactory = _ => 70 };
    readonly Option<double> _in = new("--cpu-in") { Description = "Processor use in percent below which one is removed", DefaultValueFactory = _ => 50 };
    readonly Option<string> _window = new("--window") { Description = "How long the use has to stay there", DefaultValueFactory = _ => "2m" };
    readonly Option<string> _outCooldown = new("--cooldown-out") { Description = "Time between additions", DefaultValueFactory = _ => "300s" };
    readonly Option<string> _inCooldown = new("--cooldown-in") { Description = "Time before a removal after any change", DefaultValueFactory = _ => "600s" };
    readonly Option<string> _sample = new("--sample") { Description = "Time between samples of the processor use", DefaultValueFactory = _ => "1s" };
    readonly Option<string> _probe = new("--probe") { Description = "Path that answers when an instance can serve", DefaultValueFactory = _ => "/readyz" };
    readonly Option<string> _probeEvery = new("--probe-every") { Description = "Time between probes", DefaultValueFactory = _ => "10s" };
    readonly Option<string> _drain = new("--drain") { Description = "Longest time for requests under way when an instance is removed", DefaultValueFactory = _ => "30s" };
    readonly Option<string> _start = new("--start-timeout") { Description = "Time until an instance has to be ready", DefaultValueFactory = _ => "60s" };
    readonly Option<bool> _retryPosts = new("--retry-posts") { Description = "nginx sends a POST again when an instance breaks off; only where POSTs change nothing" };
    readonly Option<string?> _kill = new("--kill") { Description = "Rehearsal: kill an instance so long after the beginning" };

    public void AddTo(Command command)
    {
        Option[] all = [_min, _max, _cores, _out, _in, _window, _outCooldown, _inCooldown, _sample, _probe, _probeEvery, _drain, _start, _retryPosts, _kill];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    public ScaleOptions Read(ParseResult parse, string command)
    {
        TimeSpan Time(Option<string> option) => LoadRun.Time(parse.GetValue(option), option.Name)!.Value;
        try
        {
            var rule = new ScalingRuleOptions
            {
                MinInstances = parse.GetValue(_min),
                MaxInstances = parse.GetValue(_max),
                ScaleOutCpu = parse.GetValue(_out),
                ScaleInCpu = parse.GetValue(_in),
                Window = Time(_window),
                ScaleOutCooldown = Time(_outCooldown),
                ScaleInCooldown = Time(_inCooldown),
            };
            _ = new ScalingRule(rule); // Bounds that contradict each other are a mistake now, not after the start.
            return new ScaleOptions
            {
                Command = command,
                Rule = rule,
                InstanceCores = parse.GetValue(_cores),
                SampleEvery = Time(_sample),
                ProbePath = parse.GetValue(_probe)!,
                ProbeEvery = Time(_probeEvery),
                DrainTimeout = Time(_drain),
                StartTimeout = Time(_start),
                RetryPosts = parse.GetValue(_retryPosts),
                KillAfter = LoadRun.Time(parse.GetValue(_kill), "--kill"),
            };
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(e.Message, ExitCode.Usage);
        }
    }
}
